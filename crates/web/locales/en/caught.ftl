# Caught mail.

caught-lead = No mail server is set up, so letters stay here. This is what people would have received.
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
caught-empty-text = Send a mailing or register: the letters appear here.
caught-nothing-title = Nothing found
caught-nothing-text = Try a part of the address or the subject.
caught-clear = Empty the catcher
caught-clear-title = Empty the catcher?
caught-clear-text = { $n ->
    [one] { $n } caught letter goes. It cannot be brought back.
   *[other] { $n } caught letters go. They cannot be brought back.
}
caught-clear-keep = Keep them
preview-width = Width
preview-desktop = Computer
preview-phone = Phone
flash-caught-cleared = Letters removed: { $n }.
