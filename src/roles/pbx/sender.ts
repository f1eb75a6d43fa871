import type { Plan } from "../../plan/types.ts";

/** Who writes when a message was spoken. */
export const voicemailSender = (plan: Plan): string => `telephonie@${plan.domain.name}`;
