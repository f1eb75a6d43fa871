/**
 * The engine and the linear interpreter disagree about a packet. That is a defect of ours, never of the rules:
 * it is not a Fault, and nothing that the engine said before it can be trusted.
 */
export class EngineDefect extends Error {
  override readonly name = "EngineDefect";
}
