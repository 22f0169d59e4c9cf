// People: those who get letters, and the file they come in.

export interface Recipient {
  email: string;
  name: string;
  comment: string;
}

const NAMES = {
  ru: ["Анна Северова", "Борис Ёлкин", "Вера Южная", "Глеб Щукин", "Дарья Объедкова"],
  en: ["Anna North", "Boris O'Hara", "Vera South", "Gleb Pike", "Daria Quill"],
};

/** So many of them, all different. */
export function people(language: "ru" | "en", count: number): Recipient[] {
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    const name = NAMES[language][index % NAMES[language].length];
    return {
      email: `reader${String(number).padStart(3, "0")}@example.com`,
      name: `${name} ${number}`,
      comment: language === "ru" ? `заказ № ${number}` : `order no. ${number}`,
    };
  });
}

/** A file as a Russian spreadsheet writes it: semicolons, Windows-1251. Or as an English one does: commas, UTF-8. */
export function csv(language: "ru" | "en", rows: Recipient[]): Buffer {
  const quote = (field: string) => (/[",;\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
  const lines = (separator: string, header: string[]) =>
    [header, ...rows.map((row) => [row.email, row.name, row.comment])]
      .map((fields) => fields.map(quote).join(separator) + "\r\n")
      .join("");
  if (language === "en") return Buffer.from(lines(",", ["Email", "Full name", "Comment"]));
  return windows1251(lines(";", ["Электронная почта", "Ф. И. О.", "Комментарий"]));
}

function windows1251(text: string): Buffer {
  const others: Record<string, number> = { Ё: 0xa8, ё: 0xb8, "№": 0xb9 };
  return Buffer.from(
    Array.from(text, (character) => {
      const code = character.codePointAt(0) ?? 0;
      if (code < 0x80) return code;
      const byte = code >= 0x410 && code <= 0x44f ? code - 0x410 + 0xc0 : others[character];
      if (byte === undefined) throw new Error(`${character} is not in this table of Windows-1251`);
      return byte;
    }),
  );
}

/** The fields of a CSV file (RFC 4180), without the mark at its beginning. In Russian, semicolons separate them. */
export function parseCsv(language: "ru" | "en", text: string): string[][] {
  const separator = language === "ru" ? ";" : ",";
  const field = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${separator}\\r\\n]*))(${separator}|\\r?\\n|$)`, "g");
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.replace(/^\ufeff/, "").matchAll(field)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end === separator) continue;
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  return rows;
}
