# Настройки сервиса и первый запуск.

manage-settings-lead = Действуют для всех пользователей и всех узлов.
manage-settings-general = Общие
manage-settings-mail = Почта

setting-name = Название сервиса
setting-name-help = Видно в шапке и в заголовках страниц вместо «Вестника».
setting-language = Язык по умолчанию
setting-language-help = Для тех, кто ещё не выбрал язык и чей браузер не просит ни русский, ни английский.
setting-time_zone = Часовой пояс по умолчанию
setting-time_zone-help = Его предложим при регистрации, если браузер не назовёт свой.
setting-registration = Кто может завести учётную запись
setting-registration-open = Любой: регистрация открыта
setting-registration-invited = Только те, кого пригласит администратор
setting-allowed_domains = Разрешённые домены
setting-allowed_domains-help = Зарегистрироваться смогут только с адресами в этих доменах. Пусто: с любыми.
setting-session_days = Сколько дней помнить вход
setting-session_days-help = Если столько дней не заходить, понадобится войти снова. От 1 до 365.
setting-second_factor = Двухфакторный вход
setting-second_factor-optional = По желанию
setting-second_factor-required = Обязателен для менеджеров и администраторов
setting-second_factor-help = Пока человек его не настроит, разрешения, кроме работы со своими рассылками, не действуют.
setting-contacts = Как с вами связаться
setting-contacts-help = Адрес, телефон, часы работы, построчно: это видно на странице контактов.
setting-mail_server = Почтовый сервер
setting-mail_password = Пароль почтового сервера
setting-mail_from = Отправитель

mail-route = Куда уходят письма
mail-route-catcher = В ловушку
mail-route-catcher-help = Никто ничего не получит, а письма можно прочитать здесь же. Удобно, чтобы освоиться.
mail-route-server = Через почтовый сервер
mail-route-server-help = Собственный или платный сервис доставки писем.
mail-host = Сервер
mail-port = Порт
mail-port-help = Если не указать, возьмём обычный для выбранной защиты.
mail-encryption = Защита соединения
mail-encryption-starttls = STARTTLS, обычно порт 587
mail-encryption-tls = TLS с самого начала, обычно порт 465
mail-encryption-optional = STARTTLS, если сервер умеет
mail-encryption-none = Без защиты, только внутри своей сети
mail-user = Имя для входа
mail-user-help = Если сервер принимает письма без входа, оставьте пустым.
mail-password = Пароль сервера
mail-password-known = Уже сохранён. Введите, только если он изменился.
mail-from-address = Адрес отправителя
mail-from-address-help = С этого адреса уйдут все письма. Сервер должен разрешать его.
mail-from-name = Имя отправителя
mail-from-name-help = Если не указать, каждая рассылка подписана именем своего владельца.
mail-save = Сохранить и отправлять так
mail-fixed = Почтовый сервер задан при запуске
mail-fixed-text = Пока в окружении или в командной строке есть VESTNIK_SMTP_URL, здесь его не изменить.
mail-fixed-from = Отправитель задан при запуске:

trial-to = Кому отправить пробное письмо
trial-send = Отправить пробное письмо
trial-help = Письмо уйдёт сразу через сервер, указанный выше. Сохранять для этого ничего не нужно.
trial-subject = Пробное письмо от «Вестника»
trial-text = Это письмо отправлено с { $host }, чтобы проверить почтовый сервер. Раз вы его читаете, всё работает.
trial-taken = Сервер принял письмо для { $email }
trial-taken-text = Проверьте ящик, в том числе папку «Спам».
trial-name = Такого сервера нет
trial-name-text = Имя не находится в DNS. Проверьте, нет ли опечатки.
trial-silence = Сервер не отвечает
trial-silence-text = Проверьте порт, и не закрыт ли он по пути: некоторые хостинги закрывают 25, 465 и 587.
trial-encryption = Защищённое соединение не получилось
trial-encryption-text = Попробуйте другой вид защиты. Если дело в сертификате, имя сервера должно совпадать с именем в нём.
trial-speech = Там отвечает не почтовый сервер
trial-speech-text = Похоже, порт занят другой программой или защита выбрана не та.
trial-password = Имя или пароль не подошли
trial-password-text = Почтовые службы часто требуют отдельный пароль для приложений.
trial-refusal = Сервер отказался принять письмо
trial-refusal-text = Обычно он объясняет причину сам. Чаще всего отправителю не разрешено пользоваться этим адресом.

setup-title = Настроим «Вестник»
setup-lead = Это займёт пару минут. Всё, кроме первого администратора, потом можно изменить.
setup-administrator = Первый администратор
setup-installation = Ваш сервис
setup-submit = Начать работу
setup-later = Остальное найдётся в «Настройках сервиса».
setup-gone-title = Ссылка больше не действует
setup-gone-text = Администратор уже есть. Если это не вы, попросите у него приглашение.

register-invited-title = Регистрация по приглашениям
register-invited-text = Учётные записи здесь заводит администратор. Попросите у него приглашение.

home-not-set-up = Сервис ещё не настроен. Ссылка для настройки напечатана там, где его запустили.

flash-installation-saved = Настройки сохранены.
flash-mail-server-saved = Сохранено. Через несколько секунд письма пойдут новым путём.
flash-set-up = Готово! Вы вошли как администратор.

problem-session-days = Укажите целое число дней, от 1 до { $longest }.
problem-domain = «{ $domain }» не похоже на домен.
problem-email-domain = Здесь подходят только адреса в доменах: { $domains }.
problem-mail-host = Это не похоже на имя сервера. Нужно только имя, без smtp:// и порта.
problem-port = Порт это число от 1 до 65535.
problem-mail-user = Есть пароль, но нет имени для входа.
problem-mail-password = Введите пароль: для другого сервера или имени сохранённый не подходит.
problem-from-name = В имени не должно быть кавычек и угловых скобок.
