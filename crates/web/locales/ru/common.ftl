# Общее для всех страниц.

product-name = Вестник
skip-to-content = К содержанию
close = Закрыть
optional = необязательно
none-yet = нет данных
none-yet-dash = —
cancel = Отмена
save = Сохранить
show = Показать
reset = Сбросить
placeholder-full-name = [Ф. И. О.]
placeholder-email = [email]
placeholder-comment = [комментарий]

nav-sections = Разделы
nav-main = Основные разделы
nav-dashboard = Обзор
nav-mailings = Рассылки
nav-messages = Сообщения
nav-recipients = Получатели
nav-reports = Отчёты
nav-caught = Пойманные письма
nav-settings = Настройки
nav-more = Ещё
new-mailing = Новая рассылка
log-in = Войти
log-out = Выйти

switch-language = Язык
switch-theme-dark = Тёмная тема
switch-theme-light = Светлая тема

banner-catcher = Почта не уходит наружу: письма остаются в ловушке, и их можно прочитать.
banner-catcher-open = Открыть ловушку
banner-unconfirmed = Подтвердите адрес { $email }, чтобы отправлять рассылки. Ссылка — в письме, которое мы вам прислали.
banner-unconfirmed-resend = Прислать ещё раз
banner-second-factor = Разделы управления закрыты, пока вы не настроите двухфакторный вход: так решил администратор.

form-errors-title = Проверьте, пожалуйста, поля
pager-label = Страницы
pager-previous = Назад
pager-next = Дальше

visitor-foot = Вестник — рассылки на вашем собственном сервере

length-seconds = { $n } с
length-minutes = { $n } мин
length-hours = { $n } ч
length-days = { $n } { $n ->
    [one] день
    [few] дня
   *[many] дней
}

count-recipients = { $n } { $n ->
    [one] получатель
    [few] получателя
   *[many] получателей
}
count-mailings = { $n } { $n ->
    [one] рассылка
    [few] рассылки
   *[many] рассылок
}

home-title = Рассылки, в которых видно каждое письмо
home-lead = Соберите получателей, напишите письмо, отправьте сразу или по расписанию — и узнайте по каждому адресу, что ответил почтовый сервер.
home-register = Зарегистрироваться

error-home = На главную
error-request-id = Номер запроса:
error-400-title = Запрос не понят
error-400-text = Браузер прислал то, чего не бывает на наших страницах. Вернитесь назад и попробуйте ещё раз.
error-403-title = Сюда нельзя
error-403-text = У вашей учётной записи нет права на это действие.
error-second-factor-title = Нужен двухфакторный вход
error-second-factor-text = Право на это у вас есть, но администратор требует двухфакторный вход от всех, кому доступно управление. Настройте его, и страница откроется.
error-404-title = Такой страницы нет
error-404-text = Возможно, её удалили, в адресе опечатка или она принадлежит другой учётной записи.
error-405-title = Так эта страница не открывается
error-405-text = Вернитесь назад и попробуйте ещё раз.
error-413-title = Слишком большой объём
error-413-text = Присланные данные больше, чем мы можем принять. Уменьшите файл или текст.
error-429-title = Слишком много попыток
error-429-text = Попробуйте снова через { $minutes } { $minutes ->
    [one] минуту
    [few] минуты
   *[many] минут
}.
error-500-title = У нас что-то сломалось
error-500-text = Ошибка записана в журнал. Попробуйте ещё раз; если не поможет, сообщите администратору номер запроса.
error-503-title = Страница не успела открыться
error-503-text = Сервер сейчас слишком занят. Попробуйте ещё раз через минуту.
error-cross-site-title = Форма пришла с другого сайта
error-cross-site-text = В целях безопасности мы принимаем только формы с собственных страниц. Откройте нужную страницу и отправьте форму заново.
