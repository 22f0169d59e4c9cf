# Reports: figures of a period, by day and by mailing.

report-of = Report: { $name }
report-link = Report
report-period = Period
report-period-7 = 7 days
report-period-30 = 30 days
report-period-90 = 90 days
report-period-year = Year
report-from = First day
report-to = Last day
report-figures = Totals
report-compared = Changes are against the period before: { $days }.
report-before = was { $n }
report-before-none = nothing before
report-points = { $n } pp
figure-share = Share successful
figure-mailings = Mailings

chart-by-day = Letters by day
chart-by-week = Letters by week
chart-by-month = Letters by month
chart-day = Day
chart-week = Week
chart-month = Month
chart-by-hour = Letters by hour of the day
chart-by-weekday = Letters by day of the week
chart-by-run = Letters by sending
chart-hour = Hour
chart-weekday = Day of the week
chart-run = Sending
chart-summary-of = { $sent } { $sent ->
    [one] letter
   *[other] letters
} sent, { $failed } refused. { $most ->
    [0] { "" }
   *[other] Most: { $most } ({ $most_days }).
}
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
weekday-short-1 = Mon
weekday-short-2 = Tue
weekday-short-3 = Wed
weekday-short-4 = Thu
weekday-short-5 = Fri
weekday-short-6 = Sat
weekday-short-7 = Sun
chart-table = Show as a table
chart-bar = { $days }: { $sent } sent, { $failed } refused
chart-summary = { $days }: { $sent } { $sent ->
    [one] letter
   *[other] letters
} sent, { $failed } refused. { $most ->
    [0] { "" }
   *[other] Most were sent on { $most_days }: { $most }.
}
report-total = Total
report-days-csv = CSV by day
report-mailings-csv = CSV by mailing
report-last-run = Last sending

reports-mailings = By mailing
reports-empty-title = No reports yet
reports-empty-text = After the first mailing this page shows how many letters went out and what the servers answered.
report-empty-other-title = No mailings yet
report-empty-other-text = Figures appear here after the first sending.
report-none-title = Nothing was sent on these days
report-none-text = The last sending was on { $day }.
report-none-show = Show those days

csv-mailing-number = mailing number

report-workbook = Download for Excel
report-of-mailing = Report by sending
workbook-days = Days
workbook-hours = Hours
workbook-weekdays = Days of the week
workbook-mailings = Mailings
workbook-domains = Domains
workbook-replies = Server answers

mailing-report = Report
mailing-report-runs = Sendings side by side
mailing-report-begun = Begun
mailing-report-took = Took
mailing-report-rate = Letters a second
mailing-report-empty-title = Not sent yet
mailing-report-empty-text = After the first sending this page shows how many letters went out, how long it took and what the servers answered.
count-runs = { $n } { $n ->
    [one] sending
   *[other] sendings
}
run-share = Share sent

breakdown-of-period = Sendings begun on these days: { $days }
breakdown-of-mailing = All sendings of this mailing
breakdown-newest = Domains and answers: the newest { $n } sendings only.
breakdown-as-of = Some sendings still go on. Domains and answers are as of
breakdown-waiting = { $n ->
    [one] Domains and answers of { $n } sending are still being counted
   *[other] Domains and answers of { $n } sendings are still being counted
}; look again later.
breakdown-reasons = Why not delivered: { $n } with a server's answer
breakdown-reasons-so-far = Why not delivered: counted so far { $n } of { $all }
breakdown-counting = Reasons are still being counted. These figures grow until all sendings are counted.
breakdown-reason = Reason
breakdown-letters = Letters
breakdown-attempts = Attempts
breakdown-several = various answers
breakdown-replies = All refusals and delays by code
breakdown-replies-text = With those for now, after which the letter did go out. The server's words are one example.
breakdown-domains = By recipients' domain
breakdown-domain = Domain
breakdown-other-domains = other domains

reason-no-address = The address does not exist
reason-no-address-text = There is no such mailbox. Take the address off your list.
reason-no-domain = The domain does not exist
reason-no-domain-text = There is no such domain, or it takes no mail. Look for a slip after the @.
reason-full = Mailbox full
reason-full-text = The letter has no room until its reader clears some.
reason-disabled = Mailbox switched off
reason-disabled-text = The mailbox exists and no longer takes mail.
reason-too-large = Message too large
reason-too-large-text = The server takes no letters of this size. Make the pictures smaller.
reason-spam = Refused as spam
reason-spam-text = The server's rules say no. Look at the wording and at the sender's reputation.
reason-sender = Sender not confirmed
reason-sender-text = SPF, DKIM or DMARC do not match, or the sender's address has no domain.
reason-too-many = Too many letters at once
reason-too-many-text = The server limits the pace. Ask your administrator to set a limit for this domain.
reason-later = Asked to come back later
reason-later-text = Refused for now, often by greylisting. The next attempt usually goes through.
reason-message = The letter could not be made
reason-message-text = Correct the fields in the message: one of them does not fit this recipient.
reason-server = Trouble with the mail server
reason-server-text = Something failed at the server or on the way to it. It says nothing about the recipient.
reason-other = Another reason
reason-other-text = The server's answer does not say why.
