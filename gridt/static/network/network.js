// A network as the service exports it, from the place of its reader. Nothing here draws.

/** The words of the network, which a page in another language replaces. */
const WORDS = {
  you: () => "you",
  leads: () => "leads you",
  follows: () => "follows you",
  live: () => "live",
  silent: () => "silent",
  followers: (n) => counted(n, "follower"),
  leaders: (n) => `follows ${n}`,
  moved: () => "moved",
};

export class Network {
  /**
   * @param exported the answer of `GET …/network`, which names the reader's leaders
   */
  constructor(exported, words = WORDS) {
    this.words = words;
    this.you = exported.you;
    this.known = new Map(exported.your_leaders.map((one) => [one.id, one.username]));
    this.members = new Map(exported.members.map((one) => [one.id, { ...one, followers: [] }]));
    for (const member of this.members.values()) {
      // the export may name a member who left while it was written
      member.leaders = member.leaders.filter((id) => this.members.has(id));
      for (const id of member.leaders) this.members.get(id).followers.push(member.id);
    }
    const mine = this.members.get(this.you);
    this.leaders = new Set(mine?.leaders);
    this.followers = new Set(mine?.followers);
  }

  get live() {
    return [...this.members.values()].filter((one) => one.live).length;
  }

  /** All members: you, your leaders, your followers, and all others. */
  inOrder() {
    const rank = (id) => (id === this.you ? 0 : this.leaders.has(id) ? 1 : this.followers.has(id) ? 2 : 3);
    return [...this.members.values()].sort((one, other) => rank(one.id) - rank(other.id));
  }

  /** The relation of a member to the reader, in words; empty if there is none. */
  relation(id) {
    if (id === this.you) return this.words.you();
    const words = [];
    if (this.leaders.has(id)) words.push(this.words.leads());
    if (this.followers.has(id)) words.push(this.words.follows());
    return words.join(", ");
  }

  /** A short name for the picture: the start of a pseudonym is enough. */
  shortName(id) {
    return this.known.get(id) ?? String(id).slice(0, 6);
  }

  /** A full description of a member. */
  describe(id) {
    const { live, followers, leaders } = this.members.get(id);
    const name = this.known.has(id) ? `${this.known.get(id)} (${id})` : String(id);
    const relation = this.relation(id);
    return [
      relation ? `${name}: ${relation}` : name,
      live ? this.words.live() : this.words.silent(),
      this.words.followers(followers.length),
      this.words.leaders(leaders.length),
    ].join(", ");
  }
}

export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
