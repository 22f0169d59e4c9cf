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
register-sent-text = На { $email } отправлено письмо. Откройте ссылку из него, чтобы подтвердить адрес. Если письма нет, загляните в папку «Спам».
register-sent-login = Войти и осмотреться

login-title = Вход
login-submit = Войти
login-forgot = Забыли пароль?
login-no-account = Нет учётной записи?

confirm-title = Подтверждение адреса
confirm-text = Нажмите кнопку, и адрес { $email } будет подтверждён.
confirm-submit = Подтвердить адрес
confirm-gone-title = Ссылка больше не действует
confirm-gone-text = Её уже использовали, прислали новую или прошло больше трёх суток. Если адрес ещё не подтверждён, войдите и запросите письмо снова.
confirm-gone-login = Войти

recover-title = Восстановление пароля
recover-lead = Укажите адрес учётной записи, и мы пришлём ссылку, по которой можно задать новый пароль.
recover-submit = Прислать ссылку
recover-back = Вспомнили пароль?
recover-sent-title = Проверьте почту
recover-sent-text = Если для { $email } есть учётная запись, на этот адрес отправлена ссылка. Она действует один час.
recover-new-title = Новый пароль
recover-new-lead = Для учётной записи { $email }. Остальные сеансы будут завершены.
recover-new-submit = Сохранить пароль и войти
recover-gone-title = Ссылка больше не действует
recover-gone-text = Её уже использовали, прислали новую или прошло больше часа. Запросите ссылку ещё раз.
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
flash-confirmed = Адрес подтверждён. Можно отправлять рассылки.
flash-confirm-sent = Письмо со ссылкой отправлено на { $email }.
flash-confirm-done = Этот адрес уже подтверждён.
flash-password-changed = Пароль сменён. Остальные сеансы завершены.
flash-settings-saved = Настройки сохранены.

letter-hello = Здравствуйте, { $name }!
letter-confirm-subject = Подтвердите адрес для «Вестника»
letter-confirm-text = Этот адрес указали при регистрации в «Вестнике». Чтобы отправлять рассылки, подтвердите, что он ваш:
letter-confirm-button = Подтвердить адрес
letter-confirm-until = Ссылка действует трое суток. Если вы не регистрировались, просто удалите это письмо.
letter-recover-subject = Новый пароль для «Вестника»
letter-recover-text = Кто-то, надеемся, что вы, попросил задать новый пароль для учётной записи { $email }. Сделать это можно здесь:
letter-recover-button = Задать новый пароль
letter-recover-until = Ссылка действует один час и только один раз. Если вы ничего не просили, удалите это письмо: пароль останется прежним.
letter-exists-subject = Вы уже зарегистрированы в «Вестнике»
letter-exists-text = Кто-то, возможно вы, попробовал зарегистрироваться с этим адресом, но учётная запись уже есть. Войти можно здесь:
letter-exists-button = Войти
letter-exists-until = Если забыли пароль, на странице входа есть ссылка для восстановления. Если это были не вы, ничего делать не нужно.
letter-foot = Письмо отправил «Вестник», сервис рассылок на { $host }.

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
