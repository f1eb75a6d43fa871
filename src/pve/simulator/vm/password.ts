import { hash } from "bcryptjs";

/** The cost matters little here: the state folder is private and the passwords are a lab's. */
const ROUNDS = 4;

/**
 * What stands in the state for a cloud-init password. One that is hashed already stays as it is,
 * as with Proxmox.
 */
export async function hashPassword(password: string): Promise<string> {
  return /^\$([156]|2[aby])(\$.+){2}/.test(password) ? password : hash(password, ROUNDS);
}
