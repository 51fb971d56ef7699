/** Linux's list of mounts. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isNetwork, isThrowAway, mountOf } from "../../lib/doctor/mounts.ts";

const LIST =
  `22 1 0:21 / / rw,relatime shared:1 - overlay overlay rw,lowerdir=/a
23 22 8:1 / /home rw - ext4 /dev/sda1 rw
24 23 0:40 / /home/ada/on\\040the\\040net rw,nosuid shared:2 master:3 - nfs4 server:/export rw
25 22 0:41 / /tmp rw - tmpfs tmpfs rw,size=1k
26 23 8:2 / /home rw - xfs /dev/sda2 rw
`;

Deno.test("mountOf: a path -> the mount that lies deepest, and on top", () => {
  deepStrictEqual(mountOf(LIST, "/var/lib"), { point: "/", type: "overlay" });
  deepStrictEqual(mountOf(LIST, "/tmp"), { point: "/tmp", type: "tmpfs" });
  strictEqual(mountOf(LIST, "/tmpdir/x")?.point, "/");
  strictEqual(mountOf(LIST, "/home/ada")?.type, "xfs");
  strictEqual(mountOf(LIST, "/home/ada/on the net/.spec-kitty")?.type, "nfs4");
  strictEqual(mountOf("", "/home"), undefined);
  strictEqual(mountOf("nonsense\n1 2 - x\n", "/home"), undefined);
});

Deno.test("isNetwork, isThrowAway: types of file systems -> known by their names", () => {
  const at = (type: string) => ({ point: "/", type });
  for (const type of ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"]) {
    ok(isNetwork(at(type)) && !isThrowAway(at(type)), type);
  }
  for (const type of ["tmpfs", "overlay", "ramfs"]) {
    ok(isThrowAway(at(type)) && !isNetwork(at(type)), type);
  }
  for (const type of ["ext4", "xfs", "btrfs", "zfs", "apfs", "fuseblk"]) {
    ok(!isNetwork(at(type)) && !isThrowAway(at(type)), type);
  }
});
