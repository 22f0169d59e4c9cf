# A person's own account: another address, all that is theirs, and its end.

settings-account = Account

account-address = Email address
account-address-text = You log in with your address, and replies to your mailings go there.
account-address-new = New address
account-address-help = We send a link there. The address changes when you open it and confirm.
account-address-submit = Send the link
account-address-wanted = { $email } waits to be confirmed
account-address-wanted-text = The link is in a letter to that address. Until you follow it, everything stays as it is.
account-address-until = It works until
account-address-withdraw = Keep the old address
flash-address-asked = A letter with the link is on its way to { $email }.
flash-address-withdrawn = Your address stays as it is.
flash-address-changed = Your address is { $email } now. All other sessions have ended.
problem-address-same = This is your address already.
problem-address-confirm-first = Confirm your present address first: the rights of this account were given to it.

new-address-title = Use the new address
new-address-text = From now on you log in with { $email } instead of { $before }.
new-address-sessions = On other devices you have to log in again.
new-address-password = Password of the account { $email }
new-address-submit = Use this address
new-address-gone-title = This link no longer works
new-address-gone-text = It has been used, replaced by a newer one, called off, or is more than a day old. If the address has not changed, ask for another letter in your settings.
new-address-taken-title = This address has an account
new-address-taken-text = Someone has meanwhile made an account with { $email }, so your address stays as it was. If that account is yours as well, give it another address or delete it, and try again.

account-export = Your data
account-export-text = A ZIP archive with everything that you keep here: profile and picture, recipients, messages, mailings, runs with every delivery and attempt, your sessions and what you have done. Recipients can be imported again.
account-export-submit = Download the archive
account-export-help = With many runs this takes a while.

export-title = Your data in Vestnik
export-lead = Everything that the account { $email } has kept on { $host }, as of { $time }.
export-profile = What you say of yourself, and your settings.
export-pictures = Your picture, large and small.
export-recipients = Your recipients. The file can be imported again as it is.
export-messages = Your messages: subject, HTML and text.
export-mailings = Your mailings with their schedules. “message” is the number of a message.
export-mailing-recipients = Who is chosen for which mailing. A mailing to everyone is not in it.
export-runs = Each time that a mailing was sent, with the figures.
export-sent = What each run sent: the message as it was then.
export-deliveries = What has become of each recipient in each run.
export-attempts = Every try to hand a message over, with what the mail server answered.
export-feedback = What you wrote on the contacts page, with the answers.
export-sessions = Where you are signed in.
export-audit = What you have done that is in the audit log.
export-times = Times are in UTC. Tables are CSV in UTF-8 with commas; a value that a spreadsheet would take for a formula has an apostrophe in front.
export-secrets = Your password and the secret of two-factor login are not in it: of the first nothing is kept but a fingerprint, and both are good for logging in and nothing else.

account-leave = Delete the account
account-leave-text = Your account goes with all its data, for good.
account-leave-ask = Delete the account
leave-title = Delete your account?
leave-text = This cannot be undone. What goes with the account:
leave-attempts = Attempts in the log
leave-running = { $n ->
    [one] A mailing is being sent, and stops.
   *[other] { $n } mailings are being sent, and stop.
}
leave-export = You may want some of it later.
leave-email = Your address
leave-email-help = To make sure that it is this account, type { $email }.
leave-submit = Delete the account for good
leave-keep = Keep the account
leave-last-title = You are the last administrator
leave-last-text = Without you nobody could manage users and groups. Make someone else an administrator, and this page lets you go.
leave-last-users = To the users
problem-address-not-own = This is not the address of this account.
goodbye-title = Your account is deleted
goodbye-text = You are logged out, and your data is being erased. A letter that confirms it is on its way to you. Goodbye!

letter-new-address-subject = Confirm your new address for { $service }
letter-new-address-text = The account { $email } is to have this address instead: { $other }. Confirm that it is yours, and from then on you log in with it:
letter-new-address-button = Use this address
letter-new-address-until = The link works for one day and only once. If it was not you, simply delete this letter: nothing changes.
letter-address-wanted-subject = Your account in { $service } is to get another address
letter-address-wanted-text = Someone, we hope you, asked to replace the address { $email } of your account with { $other }. This happens when the link in a letter to the new address is followed. If it was not you, set a new password right away: that calls the change off.
letter-address-wanted-button = Set a new password
letter-address-wanted-until = If it was you, there is nothing to do here.
letter-address-taken-subject = Someone wanted to use your address in { $service }
letter-address-taken-text = Someone, perhaps you, tried to give the address { $email } to another account. It belongs to this account, so nothing has changed. You can log in here:
letter-address-taken-button = Log in
letter-address-taken-until = If you want it for the other account, first give this one another address or delete it. If it was not you, there is nothing to do.
letter-address-changed-subject = Your account in { $service } has another address
letter-address-changed-text = The address of your account is { $other } now, and no longer { $email }. You log in with it, and our letters go there.
letter-address-changed-button = Log in
letter-address-changed-until = If it was not you, write to the people who run this service at once. This is the last letter to this address.
letter-goodbye-subject = Your account in { $service } is deleted
letter-goodbye-text = The account { $email } is deleted with its recipients, messages, mailings and reports. What was being sent has stopped. Thank you for having been with us!
letter-goodbye-until = If it was not you, write to the people who run this service at once. This is the last letter to this address.
