# Recipients: the list, editing, import and export.

recipients-title = Recipients
recipients-add = Add
recipients-add-one = Add by hand
recipients-import = Import
recipients-import-file = Upload a CSV file
recipients-export = Download CSV
recipients-export-workbook = Download for Excel
recipients-empty-title = No recipients yet
recipients-empty-text = Upload a list from a file, or add the first recipient by hand. Names and comments can be put into letters.
recipients-none-title = Nobody found
recipients-none-text = No recipient matches “{ $search }”. Try part of a name, an address or a comment.
recipients-show-all = Show all
recipients-search = Find
recipients-search-hint = Name, address or comment
recipients-sort = Order
recipients-sort-newest = Newest first
recipients-sort-email = By address
recipients-sort-name = By name
recipients-found = { $n ->
    [one] { $n } recipient found
   *[other] { $n } recipients found
}
recipients-of = of { $n }
recipients-chosen = Selected:
recipients-choose-all = { $n ->
    [one] The whole list: { $n } recipient
   *[other] The whole list: { $n } recipients
}
recipients-choose-found = { $n ->
    [one] All found: { $n } recipient
   *[other] All found: { $n } recipients
}
recipients-choose-page = Select everyone on this page
recipients-choose = Select { $email }
recipients-edit = Edit { $email }
recipients-column-email = Email
recipients-column-full-name = Full name
recipients-column-comment = Comment
recipients-column-added = Added
recipients-column-actions = Actions

recipients-delete-chosen = Delete selected…
recipients-delete-title = { $n ->
    [one] Delete { $n } recipient?
   *[other] Delete { $n } recipients?
}
recipients-delete-everyone = This is your whole list of recipients.
recipients-delete-found = Everyone found by “{ $search }”.
recipients-delete-text = They also disappear from mailings they were chosen for. Reports of letters already sent remain. This cannot be undone.
recipients-delete-confirm = { $n ->
    [one] Delete { $n } recipient
   *[other] Delete { $n } recipients
}
recipients-keep = Keep them

recipient-new-title = New recipient
recipient-edit-title = Recipient
recipient-full-name-help = How letters address the recipient, if they do by name.
recipient-comment-help = For yourself, or to put into letters.
recipient-create = Add recipient
recipient-save = Save
recipient-edit = Edit
recipient-letters = Letters
recipient-letters-cut = the newest { $n }
recipient-no-letters = None of your latest sendings went to this recipient.
recipient-delete = Delete
recipient-updated = Changed
recipient-open-holder = Open the recipient with this address
recipient-delete-title = Delete this recipient?
recipient-delete-text = { $email } disappears from the list and from mailings it was chosen for. Reports of letters already sent remain.
recipient-delete-confirm = Delete recipient
recipient-keep = Keep

flash-recipient-added = Recipient { $email } added.
flash-recipient-saved = Recipient saved.
flash-recipient-deleted = Recipient { $email } deleted.
flash-recipients-deleted = { $n ->
    [one] { $n } recipient deleted.
   *[other] { $n } recipients deleted.
}
flash-recipients-none-chosen = Select recipients in the list first.

import-title = Import recipients
import-drop = Choose a file or drop it here
import-drop-help = CSV, up to { $largest } MB
import-submit = Upload recipients
import-about = What the file should hold
import-about-text = A CSV table whose first line names the columns. We find the delimiter and the encoding; the order of columns does not matter, others are skipped.
import-about-email = Required: “Email”, “E-mail”, “Customer email”
import-about-full-name = “Full name”, “Name”. First, middle and last name may stand in columns of their own
import-about-comment = “Comment”, “Note”
import-about-known = If an address is in the list already, its name and comment are updated. Empty cells erase nothing.
import-sample = Download a sample file
import-sample-email = anna@example.com
import-sample-full-name = Anna Ivanova
import-sample-comment = regular customer
import-latest = Latest imports
import-column-file = File
import-column-state = State
import-column-line = Line
import-column-reason = Reason
import-no-name = file without a name
import-state-reading = Reading
import-state-done = Imported
import-state-none = Nothing taken
import-state-failed = Not imported
import-progress = Read
import-reading = The file is being read. You may close this page: the import goes on.
import-refresh = Refresh
import-added = Added
import-updated = Updated
import-unchanged = Unchanged
import-rejected = Not taken
import-warnings = Warnings
import-blank-rows = Empty rows
import-failed = The file was not imported
import-all-good = Done: every row of the file was taken.
import-nothing-new = Done: everyone in the file is in the list already, nothing to change.
import-rejected-title = { $n ->
    [one] { $n } row was not taken
   *[other] { $n } rows were not taken
}
import-none-taken = No row was taken
import-none-taken-text = Check which column was read as the email address: it is named below.
import-columns-not-taken = { $n ->
    [one] One column was not taken
   *[other] { $n } columns were not taken
}
import-columns-not-taken-text = Only the email address, the name and a comment are imported.
import-rows-kept = Only the first { $n } are listed.
import-warnings-title = { $n ->
    [one] { $n } warning
   *[other] { $n } warnings
}
import-warnings-download = Download the warnings
import-warnings-rows = Taken with changes
import-column-warning = What was done
import-column-unnamed = column { $n }
import-warning-damaged = The name has damaged characters and was imported as “{ $value }”. Correct it.
import-warning-comment-damaged = The comment has damaged characters. Correct it.
import-warning-name-kept = The name in the file has damaged characters (“{ $value }”); the one in your list was kept.
import-warning-comment-kept = The comment in the file has damaged characters; the one in your list was kept.
import-warning-addresses = The first address was taken. Not taken: { $others }
import-layout = How the file was read
import-layout-not-taken = Columns not taken
import-layout-empty = Empty columns
import-layout-encoding = Encoding
import-rejected-text = The other rows were taken. Correct these and upload the file again: nobody will be in the list twice.
import-rejected-download = Download the report
import-rejected-rows = Rows that were not taken
import-rejected-first = the first { $n }
import-to-list = To the recipients
import-another = Upload another file

problem-recipient-taken = There is a recipient with this address already.
problem-import-no-file = Choose a file.
problem-import-file-large = The file is larger than { $largest } MB. Split it.
problem-import-upload = The file did not arrive whole. Try again.
problem-import-empty = The file is empty.
problem-import-no-header = The first line of the file should name the columns, for example: Email, Full name, Comment.
problem-import-no-email = No column with addresses. The first line of the file says: { $found }. Name the right column “Email”.
problem-import-address-damaged = The address has damaged characters.
problem-import-is-xlsx = This is an Excel workbook (.xlsx), and the import reads CSV. Open it in Excel, choose File → Save As → “CSV UTF-8 (Comma delimited)” and upload the new file.
problem-import-is-xls = This is a workbook of an older or protected Excel (.xls), and the import reads CSV. Open it in Excel, choose File → Save As → “CSV UTF-8 (Comma delimited)” and upload the new file.
problem-import-is-spreadsheet = This is a spreadsheet, and the import reads CSV. Open it in your spreadsheet program, save or export it as CSV in UTF-8 and upload the new file.
problem-import-is-vcard = These are contact cards (vCard), and the import reads CSV. In your address book, choose “Export” and the format CSV: Google Contacts, Outlook and Thunderbird all have it.
problem-import-is-html = This is a web page or XML, even if its name ends in .xls, and the import reads CSV. Open it in a spreadsheet program, save it as CSV in UTF-8 and upload the new file.
problem-import-is-pdf = This is a PDF document, and the import reads CSV. Export the list as CSV from the program it came from.
problem-import-is-document = This is a text document, and the import reads CSV. Copy the table into a spreadsheet program, save it as CSV in UTF-8 and upload that file.
problem-import-is-archive = This is an archive. Unpack it and upload the CSV file inside.
problem-import-is-picture = This is a picture, and the import reads CSV. Export the list as CSV from the program it came from.
problem-import-is-json = This is JSON, and the import reads CSV. Export the list as CSV from the program it came from.
problem-import-not-text = This is not a text file, and the import reads CSV. Export the list as CSV from the program it came from.
problem-import-broken = The import broke off. What was read is kept; upload the file again.
problem-import-record-long = The line is too long, or has a quote that is not closed.
problem-import-quote = A quote is not closed.
problem-import-repeated = This address was on line { $first } already.

## Deleting in the background

deletion-title = Deletion
deletion-all = All recipients
deletion-found = Recipients found by “{ $search }”
deletion-mailing = Mailing “{ $name }”
deletion-going = Deleting
deletion-done = Deleted
deletion-progress = Deleted
deletion-recipients = Recipients deleted
deletion-deliveries = Deliveries deleted
deletion-recipients-text = The recipients are being deleted. You may close this page: the deletion goes on.
deletion-mailing-text = The mailing is gone from your lists. Its delivery history is being deleted; you may close this page.
deletion-to-mailings = To the mailings
