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
