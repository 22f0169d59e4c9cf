// The product's own words, so that tests speak of `login-submit` and not of «Войти».
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";

export type Language = "ru" | "en";
export type Words = (id: string, args?: Record<string, FluentVariable>) => string;

/** Says messages of `crates/web/locales` in a language. An unknown id is an error. */
export function wordsOf(language: Language): Words {
  const folder = path.resolve(import.meta.dirname, "../../crates/web/locales", language);
  // The product leaves these marks out as well.
  const bundle = new FluentBundle(language, { useIsolating: false });
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ftl"))) {
    bundle.addResource(new FluentResource(readFileSync(path.join(folder, file), "utf8")));
  }
  // What an installation without a name of its own calls itself.
  const service = { ru: "«Вестник»", en: "Vestnik" }[language];
  return (id, args) => {
    const pattern = bundle.getMessage(id)?.value;
    if (!pattern) throw new Error(`there is no message ${id} in ${folder}`);
    return bundle.formatPattern(pattern, { service, ...args });
  };
}
