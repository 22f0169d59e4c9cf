# Отчёты: цифры за период, по дням и по рассылкам.

report-of = Отчёт: { $name }
report-link = Отчёт
report-period = Период
report-period-7 = 7 дней
report-period-30 = 30 дней
report-period-90 = 90 дней
report-period-year = Год
report-from = Первый день
report-to = Последний день
report-figures = Итоги
report-compared = Изменения показаны к предыдущему периоду: { $days }.
report-before = было { $n }
report-before-none = раньше не было
report-points = { $n } п. п.
figure-share = Доля успешных
figure-mailings = Рассылок

chart-by-day = Письма по дням
chart-by-week = Письма по неделям
chart-by-month = Письма по месяцам
chart-day = День
chart-week = Неделя
chart-month = Месяц
chart-table = Показать таблицей
chart-bar = { $days }: отправлено { $sent }, отказов { $failed }
chart-summary = { $days }: отправлено { $sent } { $sent ->
    [one] письмо
    [few] письма
   *[many] писем
}, отказов { $failed }. { $most ->
    [0] { "" }
   *[other] Больше всего отправлено { $most_days }: { $most }.
}
report-total = Всего
report-days-csv = CSV по дням
report-mailings-csv = CSV по рассылкам
report-last-run = Последняя отправка

reports-mailings = По рассылкам
reports-empty-title = Отчётов пока нет
reports-empty-text = После первой рассылки здесь будет видно, сколько писем ушло и что ответили серверы.
report-empty-other-title = Рассылок ещё не было
report-empty-other-text = Цифры появятся здесь после первой отправки.
report-none-title = В эти дни ничего не отправлялось
report-none-text = Последняя отправка была { $day }.
report-none-show = Показать те дни

csv-mailing-number = номер рассылки
