/*
 * The E-model of Recommendation ITU-T G.107 (06/2015), narrowband: what talkers would say of a connection, from what is
 * known of it. R is the transmission rating, 0 to 100; MOS what that is on the scale of listeners, 1 to 4.5. Names are the
 * Recommendation's; equations are cited by their clause. Wideband has another scale (G.107.1), which is not computed here.
 */

/** What is known of a connection; whatever is left out has the default of Table 2. */
export interface Connection {
  /** Send loudness rating, dB. */
  readonly slr: number;
  /** Receive loudness rating, dB. */
  readonly rlr: number;
  /** Sidetone masking rating, dB. */
  readonly stmr: number;
  /** D-value of the telephone, on the sending and on the receiving side. */
  readonly ds: number;
  readonly dr: number;
  /** Talker echo loudness rating, dB. */
  readonly telr: number;
  /** Weighted echo path loss, dB. */
  readonly wepl: number;
  /** Mean one-way delay of the echo path, ms. */
  readonly t: number;
  /** Round-trip delay in a closed four-wire loop, ms. */
  readonly tr: number;
  /** Absolute one-way delay, mouth to ear, ms. */
  readonly ta: number;
  /** Quantisation distortion units. */
  readonly qdu: number;
  /** Equipment impairment of the codec without loss, and its robustness against loss (G.113). */
  readonly ie: number;
  readonly bpl: number;
  /** Probability that a packet is lost, percent. */
  readonly ppl: number;
  /** Mean length of bursts of loss, over that of random loss: 1 for random loss. */
  readonly burstR: number;
  /** Circuit noise (dBm0p), noise floor (dBmp), room noise at both sides (dB(A)). */
  readonly nc: number;
  readonly nfor: number;
  readonly ps: number;
  readonly pr: number;
  /** Advantage factor: what users forgive, 0 to 20. */
  readonly a: number;
}

/** Table 2: a good ISDN connection of two handsets, without delay. */
const DEFAULTS: Connection = {
  slr: 8,
  rlr: 2,
  stmr: 15,
  ds: 3,
  dr: 3,
  telr: 65,
  wepl: 110,
  t: 0,
  tr: 0,
  ta: 0,
  qdu: 1,
  ie: 0,
  bpl: 4.3,
  ppl: 0,
  burstR: 1,
  nc: -70,
  nfor: -64,
  ps: 35,
  pr: 35,
  a: 0,
};

/** R of a connection, 0 to 100: whatever would come out beyond that scale is its end. */
export function ratingOf(known: Partial<Connection>): number {
  const c: Connection = { ...DEFAULTS, ...known };
  const no = noise(c);
  const ro = 15 - 1.5 * (c.slr + no);
  const ist = sidetone(c);
  const r = ro - simultaneous(c, no, ro, ist) - delayImpairment(c, no, ro, ist) - lossImpairment(c) + c.a;
  return Math.min(100, Math.max(0, r));
}

/**
 * An IP telephone's connection: its echo comes back by the same network, so both delays of echo follow from the one-way
 * delay (G.107 clause 3.4: T = Ta, Tr = 2 Ta), and its echo loss is the default's.
 */
export const voipRating = (known: Partial<Connection> & Pick<Connection, "ta">): number =>
  ratingOf({ t: known.ta, tr: 2 * known.ta, ...known });

/** Annex B, equation B-4. */
export function mosOf(r: number): number {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  // Below R = 6.5 the polynomial falls under 1, the scale's end.
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

/** The effective equipment impairment Ie-eff, clause 7.5. */
export const lossImpairment = ({ ie, bpl, ppl, burstR }: Pick<Connection, "ie" | "bpl" | "ppl" | "burstR">): number =>
  ppl === 0 ? ie : ie + ((95 - ie) * ppl) / (ppl / burstR + bpl);

const db = (x: number): number => 10 * Math.log10(x);
const undb = (x: number): number => 10 ** (x / 10);

/** No of clause 7.2, dBm0p: circuit noise, both rooms' and the floor, added as powers. */
function noise({ slr, rlr, ds, dr, stmr, nc, nfor, ps, pr }: Connection): number {
  const olr = slr + rlr;
  const nos = ps - slr - ds - 100 + 0.004 * (ps - olr - ds - 14) ** 2;
  const lstr = stmr + dr;
  const pre = pr + db(1 + undb(10 - lstr));
  const nor = rlr - 121 + pre + 0.008 * (pre - 35) ** 2;
  return db(undb(nc) + undb(nos) + undb(nor) + undb(nfor + rlr));
}

/** Ist of clause 7.3. */
function sidetone({ stmr, telr, t }: Connection): number {
  const stmro = -db(undb(-stmr) + Math.exp(-t / 4) * undb(-telr));
  const root = (x: number, power: number): number => (1 + x ** power) ** (1 / power);
  // Even powers of what may be negative, and one odd one that the Recommendation has.
  return 12 * root((stmro - 13) / 6, 8) - 28 * root((stmro + 1) / 19.4, 35) - 13 * root((stmro - 3) / 33, 13) + 29;
}

/** Is of clause 7.3: too loud, bad sidetone, quantisation. */
function simultaneous({ slr, rlr, qdu }: Connection, no: number, ro: number, ist: number): number {
  const xolr = slr + rlr + 0.2 * (64 + no - rlr);
  const iolr = 20 * ((1 + (xolr / 8) ** 8) ** (1 / 8) - xolr / 8);
  const q = 37 - 15 * Math.log10(qdu);
  const g = 1.07 + 0.258 * q + 0.0602 * q ** 2;
  const y = (ro - 100) / 15 + 46 / 8.4 - g / 9;
  const z = 46 / 30 - g / 40;
  const iq = 15 * Math.log10(1 + 10 ** y + 10 ** z);
  return iolr + ist + iq;
}

/** Id of clause 7.4: talker echo, listener echo, and the delay itself. */
function delayImpairment(c: Connection, no: number, ro: number, ist: number): number {
  const roe = -1.5 * (no - c.rlr);
  let terv = c.telr - 40 * Math.log10((1 + c.t / 10) / (1 + c.t / 150)) + 6 * Math.exp(-0.3 * c.t ** 2);
  if (c.stmr < 9) terv += ist / 2;
  const re = 80 + 2.5 * (terv - 14);
  const echo = c.t < 1 ? 0 : ((roe - re) / 2 + Math.sqrt((roe - re) ** 2 / 4 + 100) - 1) * (1 - Math.exp(-c.t));
  const idte = c.stmr > 20 ? Math.sqrt(echo ** 2 + ist ** 2) : echo;
  const rle = 10.5 * (c.wepl + 7) * (c.tr + 1) ** -0.25;
  const idle = (ro - rle) / 2 + Math.sqrt((ro - rle) ** 2 / 4 + 169);
  return idte + idle + tooLate(c.ta);
}

/** Idd of clause 7.4, of people who talk as most do (sT = 1, mT = 100 ms). */
function tooLate(ta: number): number {
  if (ta <= 100) return 0;
  const x = Math.log2(ta / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}
