import { execFile } from "node:child_process";

/** What a program answers that is run as in a guest: its text alone, its input one JSON document. */
export function said(program: string, asked: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = execFile("python3", ["-S", "-E", "-c", program], (error, stdout) => {
      if (error) reject(new Error(error.message));
      else resolve(JSON.parse(stdout));
    });
    child.stdin!.end(JSON.stringify(asked));
  });
}
