// The business of the guide's pictures: the same as in `vestnik demo`, with readers of whom some cannot be reached.
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Answers } from "../support/mail-server";
import type { Language } from "../support/words";

const letters = path.resolve(import.meta.dirname, "../../crates/app/src/commands/demo");

export const business = {
  en: {
    email: "kate@harbour.example",
    name: "Harbour Books",
    domain: "harbour.example",
    header: "Email,Full name,Comment",
    regular: "regular",
    first: ["Alice", "Ben", "Clara", "Daniel", "Edith", "Frank", "Grace", "Henry", "Iris", "Jack"],
    last: [
      "Harper",
      "Whitfield",
      "Moss",
      "Reed",
      "Lowell",
      "Osborne",
      "Page",
      "Quill",
      "Stone",
      "Vale",
      "Wells",
      "York",
    ],
    subject: "{{ recipient.full_name }}, a shelf of new arrivals",
    html: readFileSync(path.join(letters, "shelf.html"), "utf8"),
    mailings: ["New arrivals", "Poetry evening", "Christmas opening hours"],
    reason: "The letter has the old address of the shop",
    contacts: "Harbour Books, 4 Quay Street, Whitby\n01947 496 0100, Monday to Saturday, 10 to 6",
    visitors: [
      [
        "Edith Lowell",
        "Do you send letters for others, too?",
        "We are a small theatre and have no mail server of our own.",
      ],
      [
        "Frank Osborne",
        "A letter came twice",
        "Yesterday's letter about new arrivals came twice. Is that meant to be?",
      ],
    ],
  },
  ru: {
    email: "anna@sever.example",
    name: "Кофейня «Север»",
    domain: "sever.example",
    header: "Электронная почта,Ф. И. О.,Комментарий",
    regular: "постоянный гость",
    first: ["Анна", "Вера", "Дарья", "Жанна", "Ксения", "Мария", "Нина", "Ольга", "Полина", "Юлия"],
    last: [
      ...["Северова", "Лапшина", "Ткаченко", "Орлова", "Соколова", "Ефимова"],
      ...["Мельникова", "Котова", "Белова", "Маслова", "Зимина", "Рощина"],
    ],
    subject: "{{ recipient.full_name }}, осеннее меню уже ждёт",
    html: readFileSync(path.join(letters, "autumn.html"), "utf8"),
    mailings: ["Осеннее меню и новые зёрна", "Вечер настольных игр", "Как работаем в праздники"],
    reason: "В письме старый адрес кофейни",
    contacts: "Кофейня «Север», Большая Никитская, 4\n+7 495 000-00-00, каждый день с 8 до 22",
    visitors: [
      [
        "Елена Рощина",
        "Можно ли отправлять через вас?",
        "У нас небольшой театр, своего почтового сервера нет.",
      ],
      [
        "Павел Котов",
        "Письмо пришло дважды",
        "Вчерашнее письмо об осеннем меню пришло два раза. Так и задумано?",
      ],
    ],
  },
} satisfies Record<Language, unknown>;

/** The readers as a CSV file. */
export function readers(language: Language): string {
  const { header, domain, first, last, regular } = business[language];
  const rows = last.flatMap((surname, family) =>
    first.map((name, person) => {
      const number = family * first.length + person + 1;
      return `reader${number}@${domain},${name} ${surname},${number % 7 ? "" : regular}`;
    }),
  );
  return [header, ...rows].join("\n");
}

/** The same with lines that cannot be taken. */
export function withMistakes(language: Language): string {
  const { domain } = business[language];
  const lines = readers(language).split("\n").slice(0, 41);
  lines.splice(4, 0, `reader900.${domain},,`);
  lines.splice(12, 0, `"reader901@${domain.replace(".", ",")}",,`);
  lines.splice(20, 0, lines[2] ?? "");
  return lines.join("\n");
}

/** What the mail server says to whom. */
export const answers: Answers = (command, address) => {
  const number = Number(/^reader(\d+)@/.exec(address)?.[1] ?? 0);
  if (command === "RCPT" && number % 24 === 5) return "550 5.1.1 No such user here";
  if (command === "RCPT" && number === 30) return "550 5.2.1 This mailbox is disabled";
  // It hangs up in place of an answer.
  if (command === "DATA" && (number === 111 || number === 117)) return undefined;
  return "250 2.0.0 OK";
};
