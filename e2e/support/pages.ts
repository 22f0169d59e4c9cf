// Every page worth a look, with something on it.
import type { Person } from "./person";

/** Addresses of all main pages, by a name for each; the data behind them is made from the command line. */
export async function mainPages(person: Person): Promise<{ visitor: Pages; user: Pages }> {
  await person.hasAccount();
  const message = await person.hasRecipientsAndMessage(50);
  const russian = person.language === "ru";
  await person.hasMailing(message, russian ? "Летний дайджест" : "Summer digest", false);
  const mailing = await person.hasMailing(message, russian ? "Осеннее меню" : "Autumn menu", true);
  return {
    visitor: { home: "/", login: "/login", register: "/register", recover: "/recover" },
    user: {
      dashboard: "/dashboard",
      recipients: "/recipients",
      "recipient-new": "/recipients/new",
      recipient: "/recipients/1",
      import: "/recipients/import",
      messages: "/messages",
      "message-new": "/messages/new",
      message: `/messages/${message}`,
      "message-edit": `/messages/${message}/edit`,
      mailings: "/mailings",
      "mailing-new": `/mailings/new?message=${message}`,
      mailing: `/mailings/${mailing}`,
      "mailing-edit": `/mailings/${mailing}/edit`,
      "mailing-disable": `/mailings/${mailing}/disable`,
      review: `/mailings/${mailing}/review`,
      attempts: `/mailings/${mailing}/attempts`,
      reports: "/reports",
      caught: "/caught",
      letter: "/caught/1",
      settings: "/settings",
    },
  };
}

type Pages = Record<string, string>;
