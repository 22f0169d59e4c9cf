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
chart-by-hour = Письма по часам
chart-by-weekday = Письма по дням недели
chart-by-run = Письма по отправкам
chart-hour = Час
chart-weekday = День недели
chart-run = Отправка
chart-summary-of = Отправлено { $sent } { $sent ->
    [one] письмо
    [few] письма
   *[many] писем
}, отказов { $failed }. { $most ->
    [0] { "" }
   *[other] Больше всего: { $most } ({ $most_days }).
}
weekday-1 = понедельник
weekday-2 = вторник
weekday-3 = среда
weekday-4 = четверг
weekday-5 = пятница
weekday-6 = суббота
weekday-7 = воскресенье
weekday-short-1 = пн
weekday-short-2 = вт
weekday-short-3 = ср
weekday-short-4 = чт
weekday-short-5 = пт
weekday-short-6 = сб
weekday-short-7 = вс
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

report-workbook = Скачать таблицей Excel
report-of-mailing = Отчёт по отправкам
workbook-days = Дни
workbook-hours = Часы
workbook-weekdays = Дни недели
workbook-mailings = Рассылки
workbook-domains = Домены
workbook-replies = Ответы серверов

mailing-report = Отчёт
mailing-report-runs = Отправки рядом
mailing-report-begun = Начало
mailing-report-took = Длилась
mailing-report-rate = Писем в секунду
mailing-report-empty-title = Отправок ещё не было
mailing-report-empty-text = После первой здесь будет видно, сколько писем ушло, за какое время и что ответили серверы.
count-runs = { $n } { $n ->
    [one] отправка
    [few] отправки
   *[many] отправок
}
run-share = Доля отправленных

breakdown-of-period = Отправки, начатые в эти дни: { $days }
breakdown-of-mailing = Все отправки этой рассылки
breakdown-newest = Домены и ответы: только последние отправки, { $n }.
breakdown-as-of = Не все отправки закончены. Домены и ответы на
breakdown-waiting = { $n ->
    [one] Домены и ответы { $n } отправки
   *[other] Домены и ответы { $n } отправок
} ещё подсчитываются: загляните позже.
breakdown-reasons = Почему не доставлено: { $n } с ответом сервера
breakdown-reasons-so-far = Почему не доставлено: пока подсчитано { $n } из { $all }
breakdown-counting = Причины ещё подсчитываются. Числа растут, пока не подсчитаны все отправки.
breakdown-reason = Причина
breakdown-letters = Писем
breakdown-attempts = Попыток
breakdown-several = разные ответы
breakdown-replies = Все отказы и отсрочки по кодам
breakdown-replies-text = Сюда входят и временные отказы, после которых письмо всё же ушло. Слова сервера приведены для примера.
breakdown-domains = По доменам получателей
breakdown-domain = Домен
breakdown-other-domains = остальные домены

reason-no-address = Адреса не существует
reason-no-address-text = Такого ящика нет. Уберите адрес из списка.
reason-no-domain = Домена не существует
reason-no-domain-text = Такого домена нет, или он не принимает почту. Проверьте, нет ли опечатки после @.
reason-full = Ящик переполнен
reason-full-text = Письмо не помещается, пока получатель не освободит место.
reason-disabled = Ящик отключён
reason-disabled-text = Ящик есть, но почту больше не принимает.
reason-too-large = Письмо слишком большое
reason-too-large-text = Сервер не принимает письма такого размера. Уменьшите картинки.
reason-spam = Принято за спам
reason-spam-text = Сервер отказал по своим правилам. Посмотрите на текст и на репутацию отправителя.
reason-sender = Отправитель не подтверждён
reason-sender-text = Не сошлись SPF, DKIM или DMARC, или у адреса отправителя нет домена.
reason-too-many = Слишком много писем сразу
reason-too-many-text = Сервер ограничивает скорость. Попросите администратора задать предел для этого домена.
reason-later = Просили прийти позже
reason-later-text = Временный отказ, часто серый список. Обычно проходит при повторной попытке.
reason-message = Письмо не собралось
reason-message-text = Исправьте подстановки в сообщении: одна из них не подходит этому получателю.
reason-server = Почтовый сервер не справился
reason-server-text = Неполадка на сервере или по пути к нему. К получателю она не относится.
reason-other = Другая причина
reason-other-text = По ответу сервера причину не определить.
