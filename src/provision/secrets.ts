import type { SecretKind } from "../roles/template.ts";
import type { StackSecret } from "../stack/secret.ts";

/** What each kind of placeholder stands for, of one stack's secret. */
export function secretResolver(secret: StackSecret): (kind: SecretKind, label: string) => string {
  return (kind, label) => {
    switch (kind) {
      case "password":
        return secret.password(label);
      case "bcrypt":
        return secret.bcrypt(label);
      case "ssh-private":
        return secret.sshKey(label, label).privateKey;
      case "ssh-public":
        return secret.sshKey(label, label).publicKey;
    }
  };
}
