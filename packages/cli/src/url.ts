/** What `roam` can dial. */
export const URL_SCHEMES = ["tcp", "tls", "unix", "ws", "wss", "stdio"] as const;
export type UrlScheme = (typeof URL_SCHEMES)[number];

/** The scheme, if the text is a URL that can be dialled; `C:\…` and file names are none. */
export function schemeOf(text: string): UrlScheme | undefined {
  const scheme = /^([a-z]+):/.exec(text)?.[1];
  return URL_SCHEMES.find((known) => known === scheme);
}

/** True for addresses that only this machine reaches. */
export function isHere(url: string): boolean {
  return /^(unix|stdio):/.test(url) || /^(tcp|tls|wss?):\/\/(127\.|localhost[:/]|\[::1\])/.test(url);
}
