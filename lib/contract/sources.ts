/**
 * What rows belong to: the sources that Spec Kitty's rows name.
 *
 * @module
 */

/** Before the id of a mission, and of a project. */
export const MISSION_SOURCE = "/spec-kitty/missions/",
  PROJECT_SOURCE = "/spec-kitty/projects/";
