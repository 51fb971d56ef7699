/**
 * Which file system a folder lies on, from Linux's list of mounts.
 *
 * @module
 */

/** A mounted file system. */
export interface Mount {
  readonly point: string;
  /** Such as `ext4`. */
  readonly type: string;
}

/** File systems of other machines, where locks and syncs are what the server makes of them. */
const NETWORK =
  /^(nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|lustre|glusterfs|fuse\.(sshfs|glusterfs|s3fs|rclone|ceph)|ncpfs|gpfs|beegfs)$/;

/** File systems that end with the machine or its container. */
const THROW_AWAY = /^(tmpfs|ramfs|overlay|overlayfs|aufs|rootfs)$/;

/** The mount that a path lies on; undefined where the list has none. */
export function mountOf(mountinfo: string, path: string): Mount | undefined {
  let found: Mount | undefined;
  for (const line of mountinfo.split("\n")) {
    const [left, right] = line.split(" - ");
    const point = left?.split(" ")[4]?.replace(
      /\\(\d{3})/g,
      (_, code) => String.fromCharCode(parseInt(code, 8)),
    );
    const type = right?.split(" ")[0];
    if (point === undefined || type === undefined) continue;
    const isInside = point === "/" || path === point ||
      path.startsWith(`${point}/`);
    // Of two on one point, the later one lies on top.
    if (isInside && point.length >= (found?.point.length ?? 0)) {
      found = { point, type };
    }
  }
  return found;
}

/** Whether the file system is on another machine. */
export function isNetwork({ type }: Mount): boolean {
  return NETWORK.test(type);
}

/** Whether the file system is gone with the machine or the container. */
export function isThrowAway({ type }: Mount): boolean {
  return THROW_AWAY.test(type);
}
