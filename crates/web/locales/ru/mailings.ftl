# Рассылки: список, форма, проверка перед отправкой, ход отправки, попытки; обзор и отчёты.

mailing = Рассылка
mailing-status = Статус
mailing-status-created = Создана
mailing-status-running = Запущена
mailing-status-completed = Завершена
mailing-next = Следующая отправка:
mailing-last = Последняя отправка:
mailing-sent = Отправлено
mailing-failed = Не доставлено
mailing-attempts = Попытки
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
mailing-starts-help = Если это время уже прошло, отправка начнётся сразу.
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
mailing-back = К рассылке
mailing-save = Сохранить рассылку
mailings-empty-title = Рассылок пока нет
mailings-empty-text = Выберите сообщение и получателей, отправьте сразу или назначьте время. Здесь будет видно, как всё прошло.
form-guard = Изменения не сохранены. Уйти со страницы?

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
review-going = Эта рассылка сейчас отправляется.
review-going-open = Посмотреть ход отправки
review-send = Отправить { $n } { $n ->
    [one] получателю
    [few] получателям
   *[many] получателям
}
review-test = Отправим это письмо вам на { $email }, больше никому.
review-later = Отправить позже
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
check-renders = Подстановки в тексте работают
check-broken = Письмо не собирается. { $detail }
check-size = Размер { $n } КБ, почтовые программы не обрежут
check-clipped = Размер { $n } КБ: Gmail обрежет письмо после 102 КБ
check-text-only = Письмо без оформления, только текст
check-text-made = Текстовый вариант сделаем из HTML
check-unconfirmed = Подтвердите адрес { $detail }, чтобы отправлять рассылки
check-window-over = Время окончания уже прошло. Измените его, чтобы отправить
check-catcher = Письма останутся в ловушке и наружу не уйдут

run = Отправка
runs = Прошлые отправки
runs-empty = Прошлых отправок нет.
run-time = Время
run-recipients = Получателей
run-state-planned = Вот-вот начнётся
run-state-expanding = Готовится
run-state-sending = Отправляется
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
live-lost = Связь с сервером прервалась. Показаны последние известные цифры; восстановим сами.

trouble-title = Почтовый сервер { $server } не принимает соединения с { $time }
trouble-text = Письма ждут, попытки не расходуются. Продолжим, как только он ответит.

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
start-recipients = Соберите получателей
start-recipients-text = Добавьте адреса по одному или загрузите таблицу CSV.
start-recipients-do = Добавить получателей
start-message = Напишите сообщение
start-message-text = Тема и текст; имя получателя подставим в каждое письмо.
start-message-do = Написать сообщение
start-mailing = Отправьте рассылку
start-mailing-text = Сразу или в назначенное время. По каждому адресу будет виден ответ сервера.
start-mailing-do = Создать рассылку
dashboard-recent = Последние рассылки
dashboard-all = Все рассылки

reports-mailings = По рассылкам
reports-empty-title = Отчётов пока нет
reports-empty-text = После первой рассылки здесь будет видно, сколько писем ушло и что ответили серверы.

flash-mailing-at-once = Рассылка сохранена. Её начало уже прошло, поэтому она отправляется сейчас.
flash-mailing-planned = Рассылка сохранена и уйдёт сама в назначенное время.
flash-mailing-saved = Рассылка сохранена. Время её окончания прошло, сама она не уйдёт.
flash-mailing-deleted = Рассылка «{ $name }» удалена.
flash-mailing-running = Рассылка сейчас отправляется, удалить её можно после завершения.
flash-run-undone = Отправка отменена, ни одно письмо не ушло.
flash-run-too-late = Отменить уже не получится: отправка началась.
flash-run-continues = Прошлая отправка ещё не закончилась, она продолжается.
flash-run-window-over = Время окончания рассылки прошло. Измените его, чтобы отправить.
flash-run-no-recipients = Получателей нет: отправлять некому.
flash-run-unconfirmed = Подтвердите свой адрес, чтобы отправлять рассылки.
