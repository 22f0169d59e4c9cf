# Страница контактов и входящие; страница о кеше.

contacts-title = Контакты
contacts-lead = Вопросы, идеи, что-то не работает — напишите нам, прочитает живой человек.
contacts-known = Как с нами связаться
contacts-write = Написать нам
contacts-name = Ваше имя
contacts-email = Ваша почта
contacts-email-help = Сюда придёт ответ.
contacts-subject = Тема
contacts-text = Что вы хотите сказать
contacts-more = Оставьте это поле пустым
contacts-send = Отправить
contacts-sent-title = Спасибо, письмо у нас
contacts-sent-text = Мы прочитаем его и ответим на { $email }.
contacts-sent-home = На главную
problem-feedback-hasty = Это быстрее, чем печатает человек, поэтому хотим убедиться: нажмите кнопку ещё раз.
problem-feedback-often = За последний час из вашей сети пришло несколько сообщений. Ничего из набранного не потеряно: отправьте ещё раз через { $minutes ->
    [one] { $minutes } минуту
    [few] { $minutes } минуты
   *[many] { $minutes } минут
}.

manage-feedback = Обращения
feedback-open-page = Открыть страницу контактов
feedback-unread = { $n ->
    [0] Всё прочитано.
    [one] Не прочитано { $n } обращение.
    [few] Не прочитано { $n } обращения.
   *[many] Не прочитано { $n } обращений.
}
feedback-state = Состояние
feedback-show-all = Все
feedback-show-new = Новые
feedback-show-answered = С ответом
feedback-show-spam = Спам
feedback-new = Новое
feedback-read = Прочитано
feedback-answered = Отвечено
feedback-spam = Спам
feedback-search = Имя, почта или тема
feedback-from = От кого
feedback-sent-at = Отправлено
feedback-none-title = Здесь ничего нет
feedback-none-text = Сюда приходит всё, что пишут на странице контактов, а копии по почте получают те, кто может отвечать.
feedback-account = учётная запись автора
feedback-mark-spam = Это спам
feedback-no-spam = Это не спам
feedback-mark-unread = Отметить непрочитанным
feedback-delete = Удалить
feedback-delete-title = Удалить «{ $subject }»?
feedback-delete-text = Вместе с обращением исчезнут ответы на него. Вернуть их нельзя.
feedback-answer-title = Ответ
feedback-answer = Ваш ответ
feedback-answer-help = Уйдёт по почте на { $email } вместе с текстом обращения.
feedback-answer-send = Отправить ответ
feedback-answer-of = Ответ: { $name }
feedback-letter-sent = Почтовый сервер принял
feedback-letter-failed = Не доставлено
feedback-letter-pending = В пути
feedback-server-said = Почтовый сервер ответил:
flash-feedback-answered = Ответ отправляется.
flash-feedback-spam = Отложено в спам. Через 30 дней удалится.
flash-feedback-no-spam = Возвращено к остальным.
flash-feedback-unread = Отмечено непрочитанным.
flash-feedback-deleted = Удалено.

problem-feedback-answered = Пока вы писали, ответил коллега: прочитайте выше. Ваш ответ на месте, если он ещё нужен.

letter-quote = Вы писали:
letter-feedback-subject = Страница контактов: { $topic }
letter-feedback-text = На странице контактов написал(а) { $other }:
letter-feedback-button = Прочитать и ответить
letter-feedback-until = Отвечайте на странице обращений, а не на это письмо: так коллеги увидят, что ответ уже есть.
letter-feedback-more-subject = Новые обращения на странице контактов
letter-feedback-more-text = За последний час на странице контактов написали очень много. Копии по почте пока не приходят, всё есть во входящих.
letter-feedback-more-button = Открыть обращения
letter-feedback-more-until = Если это спам, отметьте его: через 30 дней он удалится.
letter-feedback-answer-subject = Re: { $topic }
letter-feedback-answer-text = Спасибо, что написали нам. Вот наш ответ:
letter-feedback-answer-button = Написать ещё раз
letter-feedback-answer-until = Чтобы написать ещё раз, нажмите кнопку: ответы на это письмо никто не читает. Если вы нам не писали, ваш адрес указали по ошибке: просто удалите это письмо.

manage-caches = Кеш
caches-lead = То, что сделано один раз и показывается снова: в этом процессе с момента его запуска. Если сделать заново, ничего не потеряется.
caches-memory = Память, КБ
caches-memory-of = не больше { $most }
caches-redis-up = Работает
caches-redis-refusing = Не принимает новое
caches-redis-down = Недоступен
caches-redis-none = Не используется
caches-redis-since = { $n ->
    [0] Только что:
    [one] Уже { $n } минуту:
    [few] Уже { $n } минуты:
   *[many] Уже { $n } минут:
}
caches-region = Что хранится
caches-hits = Попадания
caches-from-memory = Из памяти
caches-from-redis = Из Redis
caches-made = Сделано
caches-entries = Записей
caches-kilobytes = { $n } КБ
caches-fresh = { $n ->
    [one] свежее { $n } секунду
    [few] свежее { $n } секунды
   *[many] свежее { $n } секунд
}
caches-forget = Сделать заново
caches-forget-region = Сделать заново: { $region }
flash-cache-forgotten = При следующем обращении будет сделано заново, на всех узлах.
cache-home = Главная страница
cache-home-figures = Цифры и статьи главной
cache-home-unique = Получатели, каждый один раз
cache-articles = Список статей
cache-article = Статьи
cache-feed = Лента и карта сайта
cache-users = Список пользователей
cache-days = Дни для графиков
cache-breakdown = Домены и ответы в отчётах
