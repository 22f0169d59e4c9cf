# Учётная запись: регистрация, вход, восстановление, настройки.

field-email = Электронная почта
field-name = Имя
field-password = Пароль
field-language = Язык
field-time-zone = Часовой пояс
field-theme = Оформление

register-title = Регистрация
register-lead = Пришлём письмо, чтобы убедиться, что адрес ваш. Осмотреться можно сразу.
register-name-help = Так мы будем к вам обращаться, и этим именем обычно подписаны ваши рассылки.
register-password-help = Не короче 10 знаков. Длинная фраза надёжнее сложного слова.
register-submit = Зарегистрироваться
register-have-account = Уже есть учётная запись?
register-sent-title = Проверьте почту
register-sent-text = На { $email } отправлено письмо. Откройте ссылку из него, чтобы подтвердить адрес. Если письма нет, загляните в папку «Спам». На один адрес приходит не больше трёх таких писем в сутки.
register-sent-login = Войти и осмотреться

login-title = Вход
login-submit = Войти
login-forgot = Забыли пароль?
login-no-account = Нет учётной записи?

login-code-title = Подтвердите вход
login-code-lead = Откройте приложение для кодов и введите шесть цифр, которые оно показывает.
login-code-recovery-lead = Введите один из кодов восстановления, которые вы сохранили при настройке. Каждый действует один раз.
login-code-recovery = Ввести код восстановления
login-code-app = Ввести код из приложения
login-code-other = Это не вы?
login-code-again = Войти с другим адресом
field-code = Код из приложения
field-recovery-code = Код восстановления

confirm-title = Подтверждение адреса
confirm-text = Нажмите кнопку, и адрес { $email } будет подтверждён.
confirm-text-password = Чтобы подтвердить адрес { $email }, введите пароль, заданный при регистрации.
confirm-not-mine = Вы не регистрировались? Тогда ничего не делайте: адрес останется неподтверждённым, и отправить из этой учётной записи ничего нельзя. Если она вам нужна, задайте новый пароль.
confirm-submit = Подтвердить адрес
confirm-gone-title = Ссылка больше не действует
confirm-gone-text = Её уже использовали, прислали новую или прошло больше трёх суток. Если адрес ещё не подтверждён, войдите и запросите письмо снова.
confirm-gone-login = Войти

recover-title = Восстановление пароля
recover-lead = Укажите адрес учётной записи, и мы пришлём ссылку, по которой можно задать новый пароль.
recover-submit = Прислать ссылку
recover-back = Вспомнили пароль?
recover-sent-title = Проверьте почту
recover-sent-text = Если для { $email } есть учётная запись, на этот адрес отправлена ссылка. Она действует один час. На один адрес приходит не больше трёх таких писем в час.
recover-new-title = Новый пароль
recover-first-title = Задайте пароль
recover-new-lead = Для учётной записи { $email }. Остальные сеансы будут завершены.
recover-first-lead = Для учётной записи { $email }.
recover-new-submit = Сохранить пароль и войти
recover-gone-title = Ссылка больше не действует
recover-gone-text = Её уже использовали, прислали новую или её время вышло. Запросите ссылку ещё раз.
recover-gone-again = Запросить снова

settings-title = Настройки
settings-profile = Профиль
settings-security = Безопасность
settings-email-confirmed = Адрес подтверждён
settings-email-unconfirmed = Адрес не подтверждён
settings-time-zone-help = В этом поясе показываем даты и предлагаем время рассылок.
settings-theme-auto = Как в системе
settings-theme-light = Светлое
settings-theme-dark = Тёмное
settings-save = Сохранить настройки
settings-password = Пароль
settings-password-lead = После смены пароля вход на других устройствах потребуется заново.
settings-password-current = Текущий пароль
settings-password-new = Новый пароль
settings-password-save = Сменить пароль

flash-welcome = Здравствуйте, { $name }!
flash-logged-out = Вы вышли из учётной записи.
flash-login-again = Время на ввод кода вышло. Войдите ещё раз.
flash-welcome-recovery = Вы вошли по коду восстановления. { $left ->
    [0] Больше кодов не осталось: создайте новые в настройках безопасности.
    [one] Остался { $left } код.
    [few] Осталось { $left } кода.
   *[many] Осталось { $left } кодов.
}
flash-confirmed = Адрес подтверждён. Можно отправлять рассылки.
flash-confirm-sent = Письмо со ссылкой отправлено на { $email }.
flash-confirm-done = Этот адрес уже подтверждён.
flash-password-changed = Пароль сменён. Остальные сеансы завершены.
flash-password-recovered-alone = Пароль сменён, адрес подтверждён. Раньше адрес не был подтверждён, поэтому двухфакторный вход, настроенный для этой учётной записи, удалён.
flash-password-first = Пароль задан. Добро пожаловать!
flash-settings-saved = Настройки сохранены.

letter-hello = Здравствуйте, { $name }!
letter-confirm-subject = { $service }: подтвердите адрес
letter-confirm-text = Этот адрес указали при регистрации в сервисе { $service }. Чтобы отправлять рассылки, подтвердите, что он ваш:
letter-confirm-button = Подтвердить адрес
letter-confirm-until = Ссылка действует трое суток. Если вы не регистрировались, просто удалите это письмо.
letter-confirm-again-subject = { $service }: подтвердите адрес ещё раз
letter-confirm-again-text = Сервис { $service } теперь отправляет настоящие письма. Раньше все письма оставались внутри него, и неизвестно, доходит ли почта на { $email }. Чтобы дальше отправлять рассылки, подтвердите адрес:
letter-confirm-again-button = Подтвердить адрес
letter-confirm-again-until = Ссылка действует трое суток. Если у вас нет там учётной записи, просто удалите это письмо.
letter-recover-subject = { $service }: новый пароль
letter-recover-text = Кто-то, надеемся, что вы, попросил задать новый пароль для учётной записи { $email }. Сделать это можно здесь:
letter-recover-button = Задать новый пароль
letter-recover-until = Ссылка действует один час и только один раз. Если вы ничего не просили, удалите это письмо: пароль останется прежним.
letter-exists-subject = { $service }: вы уже зарегистрированы
letter-exists-text = Кто-то, возможно вы, попробовал зарегистрироваться с этим адресом, но учётная запись уже есть. Войти можно здесь:
letter-exists-button = Войти
letter-exists-until = Если забыли пароль, на странице входа есть ссылка для восстановления. Если это были не вы, ничего делать не нужно.
letter-foot = Письмо отправил сервис рассылок { $service } на { $host }.

# Profile
field-phone = Телефон
field-city = Город
settings-avatar = Фотография
settings-avatar-yours = Ваша фотография
settings-avatar-file = Файл
settings-avatar-help = JPEG, PNG, WebP или GIF, до 8 МБ. Из середины вырежем квадрат.
settings-avatar-save = Загрузить
settings-avatar-remove = Убрать фотографию
settings-sessions = Где вы вошли
settings-session-browser = Браузер
settings-session-address = Сетевой адрес
settings-session-seen = Последнее действие
settings-session-unknown = Неизвестный браузер
settings-session-current = этот браузер
settings-session-end = Завершить
flash-avatar-saved = Фотография сохранена.
flash-avatar-removed = Фотография убрана.
flash-session-ended = Сеанс завершён.

# Двухфакторный вход
factor-title = Двухфакторный вход
factor-is-on = Включён
factor-is-off = Выключен
factor-text = После пароля сервис попросит ещё и код, который каждые полминуты меняется в приложении на вашем телефоне. Тогда украденного пароля мало, чтобы войти. Подойдёт любое приложение для кодов: Google Authenticator, Aegis, Яндекс Ключ, 1Password.
factor-set-up = Настроить
factor-since = Включён
factor-codes = Коды восстановления
factor-codes-left = { $n ->
    [0] не осталось
    [one] остался { $n }
   *[many] осталось { $n }
}
factor-codes-make = Создать новые
factor-codes-few = Кодов восстановления почти не осталось. Если потеряете телефон, войти будет нечем: создайте новые.
factor-move = Другой телефон
factor-off = Выключить
factor-required = Выключить нельзя: администратор требует двухфакторный вход от всех, кому доступно управление. Перейти на другой телефон можно.
factor-steps = Шаги настройки
factor-step-password = Пароль
factor-step-app = Приложение
factor-step-codes = Коды восстановления

factor-ask-start-title = Настройка двухфакторного входа
factor-ask-start-text = Сначала убедимся, что это вы.
factor-ask-start-submit = Продолжить
factor-ask-move-title = Другой телефон
factor-ask-move-text = Код прежнего приложения будет действовать, пока вы не введёте код нового. Если прежнего приложения уже нет, введите код восстановления.
factor-ask-move-submit = Продолжить
factor-ask-codes-title = Новые коды восстановления
factor-ask-codes-text = Прежние коды перестанут действовать.
factor-ask-codes-submit = Создать новые коды
factor-ask-off-title = Выключить двухфакторный вход?
factor-ask-off-text = Для входа снова будет достаточно пароля. Коды восстановления перестанут действовать.
factor-ask-off-submit = Выключить
factor-code-help = Подойдёт и код восстановления.

factor-app-title = Добавьте учётную запись в приложение
factor-app-text = Откройте приложение для кодов, выберите «Добавить» и наведите камеру на картинку.
factor-app-typed = Если камеры нет, введите ключ вручную (тип: по времени, шесть цифр):
factor-app-here = Открыть приложение на этом устройстве
factor-app-code-help = Шесть цифр, которые приложение теперь показывает для этой учётной записи. Если код не подходит, проверьте часы телефона.
factor-app-submit = Включить
factor-qr = QR-код для приложения. То же самое написано рядом: это ключ, который можно ввести вручную.
factor-copy = Скопировать
factor-copied = Скопировано

factor-codes-done-title = Двухфакторный вход включён
factor-codes-done-text = На других устройствах сеансы завершены: там понадобится войти заново, уже с кодом.
factor-codes-lead = Каждый из этих кодов один раз заменит код из приложения, если телефона не окажется под рукой. Сохраните их там, где они не пропадут вместе с телефоном: распечатайте или положите в менеджер паролей.
factor-codes-once = Больше мы их не покажем.
factor-codes-of = Коды восстановления: { $service }, { $email }
factor-codes-file = kody-vosstanovleniya.txt
factor-codes-download = Скачать
factor-codes-print = Распечатать
factor-codes-kept = Коды сохранены

flash-factor-off = Двухфакторный вход выключен.
flash-factor-gone = Время настройки вышло. Начните её ещё раз.
flash-factor-confirm-first = Сначала подтвердите адрес: после этого можно настроить двухфакторный вход.
flash-factor-required = Выключить нельзя: администратор требует двухфакторный вход от всех, кому доступно управление.

letter-factor-on-subject = { $service }: двухфакторный вход включён
letter-factor-on-text = Для учётной записи { $email } включили двухфакторный вход: кроме пароля теперь нужен код из приложения. Сеансы на других устройствах завершены.
letter-factor-on-button = Открыть настройки
letter-factor-on-until = Если это были не вы, задайте новый пароль по ссылке на странице входа и напишите тем, кто обслуживает этот сервис.
letter-factor-off-subject = { $service }: двухфакторный вход выключен
letter-factor-off-text = Для учётной записи { $email } выключили двухфакторный вход: теперь достаточно одного пароля.
letter-factor-off-button = Открыть настройки
letter-factor-off-until = Если это были не вы, сразу смените пароль и включите двухфакторный вход снова.
letter-factor-reset-subject = { $service }: двухфакторный вход сброшен
letter-factor-reset-text = Администратор сбросил двухфакторный вход для учётной записи { $email }: пока для входа достаточно пароля. Все сеансы завершены.
letter-factor-reset-button = Войти
letter-factor-reset-until = Войдите и настройте его заново. Если вы об этом не просили, напишите тем, кто обслуживает этот сервис.
