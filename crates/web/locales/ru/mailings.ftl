# Рассылки: список, форма, проверка перед отправкой, ход отправки, попытки; обзор.

mailing = Рассылка
mailing-status = Статус
mailing-status-created = Создана
mailing-status-running = Запущена
mailing-status-completed = Завершена
mailing-disabled = Отключена
mailing-next = Следующая отправка:
mailing-last = Последняя отправка:
mailing-sent = Отправлено
mailing-failed = Не доставлено
mailing-total-sent = Отправлено всего
mailing-total-failed = Не доставлено всего
mailing-total-attempts = Попыток всего
mailing-about = О рассылке
mailing-message = Сообщение
mailing-message-choose = Выберите сообщение
mailing-no-messages = Сообщений пока нет
mailing-write-message = Написать сообщение
mailing-name = Название
mailing-name-help = Видите только вы. Если оставить пустым, подойдёт тема письма.
mailing-recipients = Получатели
mailing-what = Что отправляем
mailing-to-whom = Кому
mailing-when = Когда
mailing-starts = Начало
mailing-starts-help = Если это время уже прошло, отправка начнётся сразу, как только истечёт время на отмену.
mailing-ends = Окончание
mailing-ends-help = Письма, не отправленные к этому времени, уже не уйдут.
mailing-zone-help = По времени этого пояса.
mailing-no-end = Без ограничения
mailing-on-demand = По кнопке
mailing-periodicity = Повтор
mailing-send-now = Отправить
mailing-edit = Изменить
mailing-edit-title = Изменение рассылки
mailing-delete = Удалить
mailing-delete-title = Удалить рассылку «{ $name }»?
mailing-delete-text = Вместе с ней исчезнут её отправки и все ответы почтовых серверов. Вернуть их будет нельзя.
mailing-delete-do = Удалить рассылку
mailing-keep = Оставить
mailing-more = Ещё
mailing-enable = Включить
mailing-disable = Отключить
mailing-disable-title = Отключить рассылку «{ $name }»?
mailing-disable-text = Пока рассылка отключена, по ней ничего не отправляется: запланированные отправки отменятся, кнопки «Отправить» не будет.
mailing-disable-going = Отправка, которая идёт сейчас, тоже отменится: кто ещё не получил письмо, тот его не получит.
mailing-disable-reason = Причина
mailing-disable-reason-help = Её увидит каждый, кто откроет рассылку.
mailing-disable-do = Отключить рассылку
mailing-disable-keep = Не отключать
mailing-disabled-since = Рассылка отключена с { $time }
mailing-disabled-reason = Причина: { $reason }
mailing-disabled-by-manager = Её отключил менеджер, и включить её может только он. Нового ничего не отправится.
mailing-disabled-text = Пока она отключена, по ней ничего не отправляется. После включения отправки пойдут по расписанию со следующего раза, пропущенные не повторятся.
mailing-seldom = Если пропадёт ответ сервера
mailing-unknown = Письмо передано, а ответ почтового сервера не пришёл
mailing-unknown-help = Так бывает, когда обрывается связь. Дошло ли такое письмо, узнать нельзя.
unknown-hold = Не отправлять ещё раз
unknown-hold-help = Никто не получит письмо дважды. Таких получателей покажем отдельно, решите сами
unknown-resend = Отправить ещё раз
unknown-resend-help = Никто не останется без письма, но к кому-то может прийти второе такое же
mailing-back = К рассылке
mailing-save = Сохранить рассылку
mailings-empty-title = Рассылок пока нет
mailings-empty-text = Выберите сообщение и получателей, отправьте сразу или назначьте время. Здесь будет видно, как всё прошло.

periodicity-once = один раз
periodicity-daily = каждый день
periodicity-weekly = каждую неделю
periodicity-monthly = каждый месяц

audience-all = Все получатели
audience-chosen = Выбранные получатели
audience-all-help = Все, кто окажется в списке к моменту отправки
audience-keep = Оставить выбранных раньше
audience-choose = Выбрать
audience-choose-help = Найти по адресу, имени или комментарию и отметить

choose-search = Поиск
choose-find = Найти
choose-name = Ф. И. О.
choose-page = Отметить всех на странице
choose-all-matching = Все найденные: { $n }
choose-all = Все из списка: { $n }
choose-carried = Отмечены при прошлых поисках: { $n }
choose-more = Показаны не все из { $n }. Уточните поиск или отметьте всех найденных.
choose-nothing = Никого не нашлось. Попробуйте искать по части адреса или имени.
choose-no-recipients = В списке пока никого нет.
choose-add = Добавить получателей

when-demand = По кнопке
when-demand-help = Сохраним рассылку, вы всё проверите и отправите сами
when-planned = По расписанию
when-planned-help = Отправим сами в назначенное время

problem-start-missing = Укажите, когда начать.
problem-nobody-chosen = Отметьте хотя бы одного получателя.
problem-nobody-gets-it = Эту рассылку никто не получит: добавьте получателей или выберите других.
problem-unconfirmed = Чтобы рассылка ушла сама, сначала подтвердите свой адрес: ссылка в письме от нас. Пока можно сохранить её с отправкой по кнопке.

review-title = Проверка и отправка
review-steps = Шаги
review-step-mailing = Рассылка
review-letter = Что получат люди
review-sample = Так письмо увидит { $email }
review-change = Изменить
review-open = Открыть
review-checks = Проверка
review-before-title = Рассылка уже отправлялась { $time }
review-before-text = Письмо ушло { $n } { $n ->
    [one] получателю
   *[other] получателям
}. Если отправить её снова, они получат письмо ещё раз.
review-before-missed = Отправить только не получившим ({ $n })
review-going = Эта рассылка сейчас отправляется.
review-going-open = Посмотреть ход отправки
review-send = Отправить { $n } { $n ->
    [one] получателю
    [few] получателям
   *[many] получателям
}
review-test = Отправим это письмо вам на { $email }, больше никому.
review-later = Отправить позже
review-later-when = Дата и время
review-later-help = { $zone }. Рассылка уйдёт сама.
review-later-more = Повтор, окончание и часовой пояс
review-later-do = Запланировать для { $n } { $n ->
    [one] получателя
   *[other] получателей
}
review-leave = Вернуться к рассылке, не отправляя
mailing-late-title = Начало было { $days } { $days ->
    [one] день
    [few] дня
   *[many] дней
} назад
mailing-late-text = Рассылка начнётся сразу и уйдёт { $n } { $n ->
    [one] получателю
   *[other] получателям
}. Если имелась в виду другая дата, исправьте начало выше.
mailing-late-do = Начать сразу, { $n } { $n ->
    [one] получателю
   *[other] получателям
}
review-undo = После нажатия останется { $n } { $n ->
    [one] секунда
    [few] секунды
   *[many] секунд
}, чтобы отменить.

check-recipients = { $n ->
    [one] Письмо получит { $n } человек
    [few] Письмо получат { $n } человека
   *[many] Письмо получат { $n } человек
}
check-no-recipients = Получателей нет: отправлять некому
check-renders = { $n ->
    [0] Подстановки работают
    [one] Подстановки работают: проверили на { $n } получателе
   *[other] Подстановки работают: проверили на всех { $n } получателях
}
check-renders-for-some = { $n ->
    [one] Подстановки работают: проверили на { $n } получателе из списка
   *[other] Подстановки работают: проверили на { $n } получателях из разных мест списка
}
check-fails-for = { $n ->
    [one] { $n } получатель не получит письмо: для него оно не собирается.
    [few] { $n } получателя не получат письмо: для них оно не собирается. Один из них —
   *[other] { $n } получателей не получат письмо: для них оно не собирается. Один из них —
}
check-fails-for-some = { $n ->
    [one] Среди проверенных есть { $n } получатель, для которого письмо не собирается:
    [few] Среди проверенных есть { $n } получателя, для которых письмо не собирается. Один из них —
   *[other] Среди проверенных есть { $n } получателей, для которых письмо не собирается. Один из них —
}
check-not-tried = Проверены не все подстановки. { $detail }
check-embedded-pictures = { $n ->
    [one] { $n } картинка встроена прямо в HTML (data:). Gmail и Outlook её не покажут: загрузите её и вставьте адрес
    [few] { $n } картинки встроены прямо в HTML (data:). Gmail и Outlook их не покажут: загрузите их и вставьте адреса
   *[other] { $n } картинок встроено прямо в HTML (data:). Gmail и Outlook их не покажут: загрузите их и вставьте адреса
}
check-subject-entities = Тема — не HTML, и коды вроде &amp; придут как есть. Вероятно, вы имели в виду: { $detail }
check-broken = Письмо не собирается. { $detail }
check-size = Размер { $n } КБ, почтовые программы не обрежут
check-clipped = Размер { $n } КБ: Gmail обрежет письмо после 102 КБ
check-text-only = Письмо без оформления, только текст
check-text-made = Текстовый вариант сделаем из HTML
check-unconfirmed = Подтвердите адрес { $detail }, чтобы отправлять рассылки
check-window-over = Время окончания уже прошло. Измените его, чтобы отправить
check-disabled = Рассылка отключена. Включите её, чтобы отправить
check-catcher = Письма останутся в ловушке и наружу не уйдут

run = Отправка
runs = Прошлые отправки
runs-empty = Прошлых отправок нет.
run-time = Время
run-recipients = Получателей
run-state-planned = Вот-вот начнётся
run-state-expanding = Готовится
run-state-sending = Отправляется
run-state-paused = Приостановлена
run-state-stopping = Отменяется
run-state-completed = Завершена
run-state-cancelled = Отменена
run-state-missed = Пропущена
run-attempts = Ответы серверов
run-sent = Отправлено
run-failed = Отказы
run-pending = Ждут
run-expired = Не успели
run-skipped = Пропущены
run-unknown = Неизвестно
run-cancelled = Отменены
run-attempts-made = Попытки
run-rate = Скорость
run-rate-value = { $n }/с
run-done-of = { $done } из { $all }
run-left = осталось около { $time }
run-progress = Ход отправки
run-finished = Последняя отправка
run-planned-text = Письма ещё не уходят: есть время отменить.
run-undo-left = Начнём отправку через
run-undo-seconds = с
run-undo-over = Отправка началась
run-undo = Отменить
run-pause = Приостановить
run-resume = Продолжить
run-paused-since = С { $time } ничего не отправляется.
run-paused-now = Сейчас ничего не отправляется.
run-put-off = Кто остался, пока ждёт. Следующая попытка: { $time }.
run-put-off-whom = Кто ждёт и почему
run-paused-wait = { $n ->
    [0] { "" }
    [one] Ждёт { $n } получатель.
    [few] Ждут { $n } получателя.
   *[many] Ждут { $n } получателей.
}
run-refused-title = Почтовый сервер не принимает письма этой отправки
run-refused-text = Так он ответил бы и остальным, поэтому отправка остановилась сама. Остальные ждут и недоставленными не считаются.
run-refused-do = Письма уходят от { $sender }. Посмотрите, чем сервер недоволен: адресом отправителя, письмом или вашим лимитом у провайдера. Исправьте и продолжите отправку; тем, кому он уже отказал, можно отправить ещё раз. Другое письмо уйдёт только новой отправкой.
run-stopping-text = Отправка отменяется. { $pending ->
    [one] { $pending } письмо уже не уйдёт.
    [few] { $pending } письма уже не уйдут.
   *[many] { $pending } писем уже не уйдут.
}
run-cancel = Отменить отправку
run-cancel-title = Отменить эту отправку?
run-cancel-sent = { $n ->
    [0] Письмо ещё никому не ушло.
    [one] Письмо уже ушло { $n } получателю.
   *[other] Письмо уже ушло { $n } получателям.
}
run-cancel-pending = { $n ->
    [one] Ещё { $n } получатель его не получит.
    [few] Ещё { $n } получателя его не получат.
   *[many] Ещё { $n } получателей его не получат.
}
run-cancel-early = Отправка ещё готовится. Кому письмо не успело уйти, тот его не получит.
run-cancel-moment = Письма, которые передаются прямо сейчас, ещё могут дойти. Тем, кто не получил, потом можно отправить отдельно.
run-cancel-do = Отменить отправку
run-cancel-keep = Не отменять

again-title = Кому письмо не дошло
again-title-unknown = Дошло ли письмо
again-failed = Повторить { $n } { $n ->
    [one] неудачное
   *[other] неудачных
}
again-failed-text = Попробуем ещё раз только там, где сервер отказал. Кто получил, второго письма не получит.
again-missed = Отправить { $n } { $n ->
    [one] не получившему
   *[other] не получившим
}
again-missed-text = Не получили те, кому сервер отказал, кому не успели отправить и кому отменили отправку. Кто получил, второго письма не получит.
again-over = Время окончания рассылки прошло, поэтому отправить ещё раз нельзя.
again-over-edit = Изменить время окончания
again-unknown-title = { $n ->
    [one] Неизвестно, дошло ли { $n } письмо
    [few] Неизвестно, дошли ли { $n } письма
   *[many] Неизвестно, дошли ли { $n } писем
}
again-unknown-text = Почтовый сервер получил их целиком, но связь оборвалась раньше, чем он ответил. Они могли дойти, а могли и нет.
again-unknown = Отправить ещё раз { $n } { $n ->
    [one] получателю
   *[other] получателям
}
again-unknown-ask = Отправить ещё раз, не зная, дошло ли первое письмо?
again-unknown-warn = { $n ->
    [one] Если первое письмо дошло, { $n } получатель получит второе такое же.
    [few] У кого из { $n } получателей первое письмо дошло, тот получит второе такое же.
   *[many] У кого из { $n } получателей первое письмо дошло, тот получит второе такое же.
}
again-unknown-keep = Не отправлять

live-lost = Связь с сервером прервалась. Показаны последние известные цифры; восстановим сами.

trouble-title-silent = Почтовый сервер { $server } не отвечает с { $time }
trouble-text-silent = Соединиться с ним не получается. Письма ждут, попытки не расходуются. Пробуем снова каждые несколько секунд и продолжим, как только он ответит.
trouble-title-refuses = Почтовый сервер { $server } отказывает в соединении с { $time }
trouble-text-refuses = Он отвечает, но работать с нами не соглашается. Письма ждут, попытки не расходуются. Если через несколько минут ничего не изменится, покажите этот ответ администратору почтового сервера.
trouble-title-later = Почтовый сервер { $server } просит подождать с { $time }
trouble-text-later = Он принимает соединения, но на каждое письмо отвечает «позже». Мы сбавили темп: пробуем по одному письму, не реже раза в полминуты. Остальные ждут и уйдут, как только он начнёт их принимать.

failures = Почему не доставлено
failures-newest = последняя отправка

attempts-title = Ответы серверов
attempts-lead = Каждая попытка передать письмо и что на неё ответил почтовый сервер.
attempts-csv = Скачать CSV
attempts-empty-title = Здесь пусто
attempts-empty-text = Попыток с такими условиями нет. Сбросьте фильтр или дождитесь отправки.
attempt-recipient = Получатель
attempt-time = Время, { $zone }
attempt-result = Результат
attempt-successful = успешно
attempt-failed = не успешно
attempt-unknown = нет ответа, могло дойти
attempt-code = Код ответа
attempt-reply = Ответ сервера
attempt-text = Адрес или текст ответа
attempt-number = Попытка { $n }
attempt-duration = { $n } мс
filter-any = Любой
filter-any-run = Все

csv-time = время
csv-successful = результат
csv-code = код
csv-enhanced = расширенный код
csv-reply = ответ сервера
csv-message-id = Message-ID
csv-number = номер попытки

figure-sent = Отправлено писем
figure-sent-month = за 30 дней: { $n }
figure-delivered = Принято серверами
figure-failed = отказов: { $n }
figure-not-delivered = Не доставлено
figure-attempts-ok = Успешных попыток
figure-attempts-failed = Неуспешных попыток

start-title = С чего начать
start-done = готово
start-confirm = Подтвердите свой адрес
start-confirm-text = Откройте ссылку из письма, которое мы прислали при регистрации. Без этого рассылки не уходят.
start-recipients = Соберите получателей
start-recipients-text = Добавьте адреса по одному или загрузите таблицу CSV.
start-recipients-do = Добавить получателей
start-message = Напишите сообщение
start-message-text = Тема и текст; имя получателя подставим в каждое письмо.
start-message-do = Написать сообщение
start-mailing = Соберите рассылку
start-mailing-text = Сообщение, получатели и время: сразу или по расписанию.
start-mailing-do = Создать рассылку
start-send = Отправьте её
start-send-text = Перед отправкой всё проверим вместе. По каждому адресу будет виден ответ сервера.
start-send-do = Проверить и отправить
dashboard-upcoming = Ближайшие отправки
dashboard-reasons = Не доставлено за 30 дней
figure-sent-change = { $n } к прошлым 30
dashboard-recent = Последние рассылки
dashboard-all = Все рассылки
dashboard-month = Письма за 30 дней
dashboard-report = Подробный отчёт

flash-mailing-at-once = { $seconds ->
    [0] Рассылка сохранена. Её начало уже прошло, поэтому она отправляется сейчас.
    [one] Рассылка сохранена. Её начало уже прошло, поэтому отправка начнётся через { $seconds } секунду. До этого её можно отменить здесь.
    [few] Рассылка сохранена. Её начало уже прошло, поэтому отправка начнётся через { $seconds } секунды. До этого её можно отменить здесь.
   *[many] Рассылка сохранена. Её начало уже прошло, поэтому отправка начнётся через { $seconds } секунд. До этого её можно отменить здесь.
}
flash-mailing-planned = Рассылка сохранена и уйдёт сама в назначенное время.
flash-mailing-saved = Рассылка сохранена. Больше ничего не запланировано: она уйдёт, только когда вы её отправите.
flash-mailing-deleted = Рассылка «{ $name }» удалена.
flash-mailing-disabled = Рассылка отключена. Включите её, чтобы отправить.
flash-mailing-off = Рассылка отключена. По ней ничего не отправится, пока вы её не включите.
flash-mailing-on = Рассылка включена.
flash-mailing-disabled-already = Рассылка уже отключена.
flash-mailing-enabled-already = Рассылка уже включена.
flash-mailing-saved-disabled = Рассылка сохранена. Она отключена, поэтому ничего не отправится, пока вы её не включите.
flash-mailing-running = Рассылка сейчас отправляется, удалить её можно после завершения.
flash-run-undone = Отправка отменена, ни одно письмо не ушло.
flash-run-too-late = Отменить уже не получится: отправка началась.
flash-run-continues = Прошлая отправка ещё не закончилась, она продолжается.
flash-run-paused = Отправка приостановлена. Письма, которые уже передавались, ещё уйдут, остальные ждут.
flash-run-not-paused = Приостановить нечего: отправка уже не идёт.
flash-run-resumed = Отправка продолжается.
flash-run-not-resumed = Продолжить не получилось: эта отправка не приостановлена.
flash-run-cancelled = Отправка отменяется: кто ещё не получил письмо, тот его не получит.
flash-run-not-cancelled = Отменять нечего: эта отправка уже закончилась или отменяется.
flash-again-waiting = { $n ->
    [one] { $n } письмо снова в очереди.
    [few] { $n } письма снова в очереди.
   *[many] { $n } писем снова в очереди.
}
flash-again-nothing = Повторять нечего: таких получателей в этой отправке уже нет.
flash-again-not-now = Отправка ещё готовится или отменяется. Попробуйте через минуту.
flash-run-window-over = Время окончания рассылки прошло. Измените его, чтобы отправить.
flash-run-pressed-before = С этой страницы уже отправляли, и та отправка закончилась или отменена. Чтобы отправить ещё раз, нажмите кнопку здесь.
flash-run-window-soon = Время окончания рассылки наступит раньше, чем истечёт время на отмену. Измените его, чтобы отправить.
flash-run-no-recipients = Получателей нет: отправлять некому.
flash-run-unconfirmed = Подтвердите свой адрес, чтобы отправлять рассылки.

fates-title = Кому пришло
fates-lead = Каждый получатель отправки и что стало с его письмом.
fates-text = Адрес
fates-last = Последняя попытка, { $zone }
fates-last-short = Последняя попытка
fates-attempts = { $n ->
    [one] { $n } попытка
    [few] { $n } попытки
   *[many] { $n } попыток
}
fates-empty-title = Никого нет
fates-empty-text = Таких получателей нет, или ещё ничего не отправлено.
fate = Итог
fate-sent = отправлено
fate-failed = отказ
fate-waiting = ждёт
fate-expired = не успели
fate-unknown = неизвестно
fate-skipped = пропущено
fate-cancelled = отменено
fate-why-expired = Время рассылки кончилось раньше.
fate-why-unknown = Ответ потерялся, письмо могло дойти.
fate-why-skipped = Получателя удалили из списка раньше.
fate-why-cancelled = Отправку отменили.
csv-full-name = имя
csv-fate = результат
