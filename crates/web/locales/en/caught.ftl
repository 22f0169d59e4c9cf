# Caught mail.

caught-lead-own = No mail server is set up, so emails stay here. You see those of your own mailings, and what the service sends to you.
caught-lead-all = No mail server is set up, so emails stay here. You run this installation, so you see everyone's.
caught-lead-demo = These are the emails of the demo mailing. Nothing was sent to anybody. To see other emails, log in.
caught-search = Recipient or subject
caught-subject = Subject
caught-no-subject = No subject
caught-from = From
caught-to = To
caught-sender = Envelope sender
caught-size = Size
caught-kilobytes = { $n } KB
caught-attachments = Attachments
caught-source = Source
caught-text = Text
caught-letter = Letter
caught-total = { $n } in all
caught-empty-title = Nothing caught yet
caught-empty-text = Send a mailing: its emails appear here.
caught-nothing-title = Nothing found
caught-nothing-text = Try a part of the address or the subject.
caught-clear-own = Delete my emails
caught-clear-all = Empty the catcher
caught-clear-title-own = Delete your caught emails?
caught-clear-title-all = Empty the catcher?
caught-clear-text-own = { $n ->
    [one] { $n } of your emails is deleted. It cannot be brought back.
   *[other] { $n } of your emails are deleted. They cannot be brought back.
}
caught-clear-text-all = { $n ->
    [one] { $n } email of all users is deleted. It cannot be brought back.
   *[other] { $n } emails of all users are deleted. They cannot be brought back.
}
caught-clear-keep = Keep them
caught-pictures-left-out = Pictures from other servers are not loaded: those servers would learn that you look at this email.
caught-pictures-show = Show pictures
preview-width = Width
preview-desktop = Computer
preview-phone = Phone
flash-caught-cleared = Emails deleted: { $n }.
