# Messages: the list, editing, preview, test letter.

messages-title = Messages
messages-new = New message
messages-empty-title = No messages yet
messages-empty-text = A message is a letter’s subject and text. It can go out in several mailings and address each recipient by name.
messages-total = { $n ->
    [one] { $n } message
   *[other] { $n } messages
}

message-new-title = New message
message-edit-title = Message
message-subject = Subject
message-subject-help = What people see in their inbox. Recipients’ fields work here too.
message-html = HTML
message-html-help = The letter with its design. Leave empty if plain text will do.
message-text = Plain text
message-text-help = For programs that do not show HTML. If left empty, it is made from the HTML.
message-text-made = made from the HTML
message-insert = Insert:
message-syntax = How recipients’ fields work
message-syntax-text = Fields and conditions are written as in Jinja. For example, a greeting for those whose name is unknown:
message-syntax-hello = Hello
message-create = Create message
message-save = Save
message-updated = Changed
message-edit = Edit
message-edit-named = Edit “{ $subject }”
message-delete = Delete
message-mail = Create a mailing

message-preview = Preview
message-preview-unsaved = as it stands in the form, without saving
message-preview-show = Show the letter
message-letter = Letter
message-width = Width
message-width-desktop = Desktop
message-width-phone = Phone
message-to = To
message-subject-entities = The subject is not HTML, and codes such as &amp; arrive as they are. You may mean: { $subject }
message-not-rendered = The letter cannot be made for this recipient
message-notices = Will be sent as it is
message-reader = Recipient to preview for
message-reader-search = Find a recipient
message-reader-choose = Show the letter for
message-reader-show = Show
message-reader-made-up = There are no recipients yet, so the letter is shown for someone made up.
message-reader-add = Add recipients

message-test = Test letter
message-test-text = We send this letter to you at { $email }: with the chosen recipient’s fields, but to you alone.
message-test-send = Send to myself
message-mailings = Mailings with this message

message-delete-title = Delete this message?
message-delete-text = “{ $subject }” disappears with its text. This cannot be undone.
message-delete-confirm = Delete message
message-delete-in-use-title = The message is in use
message-delete-in-use = { $n ->
    [one] It cannot be deleted: a mailing needs it. Delete the mailing or choose another message for it.
   *[other] It cannot be deleted: mailings need it. Delete them or choose another message for them.
}
message-keep = Keep

flash-message-saved = Message saved.
flash-message-deleted = Message “{ $subject }” deleted.
flash-test-queued = The test letter is on its way to { $email }.
flash-test-unconfirmed = Confirm your own address first: the link is in the letter that we sent you.
flash-test-busy = The test email was not sent: too much is being rendered at the moment. Try again in a minute.
flash-test-not-rendered = The letter was not sent: correct the error in the message.
