# Надзор и управление

nav-manage = Управление

manage-articles = Статьи
manage-users = Пользователи
manage-mailings = Все рассылки
manage-recipients = Все получатели
manage-groups = Группы
manage-audit = Журнал действий
manage-settings = Настройки сервиса

manage-search = Найти
manage-cancel = Отмена
manage-show-all = Показать всё
manage-only-of = Владелец: { $name }.
manage-never = ни разу
manage-none-title = Ничего не нашлось
manage-none-text = Измените слова для поиска или сбросьте отбор.
count-users = { $n } { $n ->
    [one] пользователь
    [few] пользователя
   *[many] пользователей
}

manage-users-search = Имя или адрес
manage-users-state = Кого показать
manage-users-all = Все
manage-users-active = Действующие
manage-users-blocked = Заблокированные
manage-column-user = Пользователь
manage-column-seen = Последний визит
manage-column-owner = Владелец
manage-column-mailing = Рассылка
manage-column-group = Группа
manage-column-members = Участников
manage-column-permissions = Что разрешено

manage-user-active = Действует
manage-user-blocked = Заблокирован
manage-user-unconfirmed = Адрес не подтверждён
manage-user-new = Новый пользователь
manage-user-new-text = Мы отправим письмо со ссылкой: по ней человек сам задаст пароль.
manage-user-group = Группа
manage-user-invite = Создать и пригласить
manage-user-block = Заблокировать
manage-user-unblock = Разблокировать
manage-user-blocked-since = Заблокирован с { $time }
manage-user-blocked-text = Войти нельзя, рассылки отключены. После разблокировки владелец включит нужные рассылки сам.
manage-user-groups = Группы
manage-user-groups-help = Разрешения всех выбранных групп складываются. После изменения человеку нужно будет войти заново.
manage-user-groups-save = Сохранить группы
manage-user-account = Учётная запись
manage-user-account-text = Эти действия попадают в журнал.
manage-user-letter = Последнее письмо со ссылкой, { $time }: { $subject }.
manage-user-recovery = Отправить ссылку для пароля
manage-user-sign-out = Завершить все сеансы
manage-user-factor-reset = Сбросить двухфакторный вход
manage-user-factor-since = с { $time }
manage-user-delete = Удалить пользователя
manage-user-about = Сведения
manage-user-since = Зарегистрирован
manage-user-oneself = Это вы: себя нельзя ни заблокировать, ни удалить.

manage-block-title = Заблокировать пользователя «{ $name }»?
manage-block-text = Сеансы завершатся сразу, отправка остановится, все рассылки отключатся. Данные останутся на месте.
manage-block-reason-help = Причину увидит сам человек: при попытке войти и в письме на { $email }.
manage-delete-title = Удалить пользователя «{ $name }»?
manage-delete-text = Учётная запись { $email } исчезнет вместе с получателями, сообщениями, рассылками и журналом отправки. Вернуть их нельзя. Если сомневаетесь, лучше заблокируйте.
manage-factor-title = Сбросить двухфакторный вход пользователя «{ $name }»?
manage-factor-text = Для входа снова будет достаточно пароля, пока человек не настроит приложение заново. Все его сеансы завершатся, об этом придёт письмо на { $email }. Сбрасывайте, только если уверены, что просит сам владелец.

manage-mailings-lead = Рассылки всех пользователей. Менять рассылку может только её владелец.
manage-mailings-search = Название или владелец
manage-mailing-lead = Менять рассылку может только её владелец.
manage-mailing-message = Сообщение
manage-mailing-source = Сообщение, код HTML
manage-disabled-by-owner = Отключил владелец.
manage-disabled-by-manager = Отключил менеджер. Владелец не может включить её сам.
manage-disabled-by-block = Отключена вместе с блокировкой владельца.
manage-disable-text = Запланированные отправки отменятся. { $owner } не сможет включить рассылку без менеджера.
manage-disable-reason-help = Причину увидит владелец рассылки.
manage-recipients-lead = Получатели всех пользователей. Менять их может только владелец.

manage-groups-lead = Разрешения складываются из всех групп, в которых состоит человек.
manage-group-new = Новая группа
manage-group-name = Название
manage-group-permissions = Что разрешено участникам
manage-group-permissions-help = Разрешить другим можно только то, что разрешено вам.
manage-group-builtin = Эта группа есть с самого начала: её нельзя переименовать и удалить, но можно изменить разрешения.
manage-group-save = Сохранить группу
manage-group-delete = Удалить группу
manage-group-delete-title = Удалить группу «{ $name }»?
manage-group-delete-text = Участники потеряют разрешения, которые давала только она.

group-users = Пользователи
group-managers = Менеджеры
group-content_managers = Контент-менеджеры
group-administrators = Администраторы

permission-manage_own = Работать со своими получателями, сообщениями и рассылками
permission-send_mail = Отправлять рассылки
permission-view_mailings = Смотреть все рассылки
permission-view_recipients = Смотреть всех получателей
permission-view_users = Смотреть список пользователей
permission-block_users = Блокировать пользователей
permission-disable_mailings = Отключать рассылки
permission-manage_blog = Вести блог
permission-answer_feedback = Читать обращения и отвечать
permission-manage_users = Создавать, менять и удалять пользователей
permission-manage_groups = Управлять группами и разрешениями
permission-manage_settings = Менять настройки сервиса
permission-view_audit = Читать журнал действий

manage-audit-lead = Входы, изменения своей учётной записи и всё, что делают менеджеры и администраторы. Записи нельзя изменить или удалить.
manage-audit-text = Кто или с кем
manage-audit-change = Подробности
manage-audit-nothing = ничего
manage-audit-codes-left = Осталось кодов
manage-audit-console = командная строка
audit-column-time = Время
audit-column-actor = Кто
audit-column-address = Откуда
audit-column-action = Действие
audit-column-subject = С кем или с чем
audit-column-before = Было
audit-column-after = Стало
audit-logged_in = Вход
audit-login_failed = Неверный пароль
audit-second_factor_failed = Неверный код при входе
audit-recovery_code_used = Вход по коду восстановления
audit-logged_out = Выход
audit-second_factor_on = Двухфакторный вход включён
audit-second_factor_off = Двухфакторный вход выключен
audit-recovery_codes_made = Новые коды восстановления
audit-second_factor_reset = Двухфакторный вход сброшен
audit-user_created = Создан пользователь
audit-user_changed = Изменён пользователь
audit-groups_set = Изменены группы пользователя
audit-user_blocked = Пользователь заблокирован
audit-user_unblocked = Пользователь разблокирован
audit-sessions_ended = Сеансы завершены
audit-recovery_sent = Отправлена ссылка для пароля
audit-password_reset = Пароль задан заново
audit-address_changed = Сменён адрес
audit-data_exported = Выгружены все данные
audit-user_deleted = Пользователь удалён
audit-mailing_disabled = Рассылка отключена
audit-mailing_enabled = Рассылка включена
audit-group_created = Создана группа
audit-group_changed = Изменена группа
audit-group_deleted = Удалена группа
audit-article_created = Статья создана
audit-article_changed = Статья изменена
audit-article_deleted = Статья удалена
audit-feedback_answered = Ответ на обращение
audit-feedback_deleted = Обращение удалено
audit-cache_forgotten = Кеш сделан заново
audit-set_up = Сделан первый администратор
audit-settings_changed = Изменены настройки
audit-restored = База восстановлена из резервной копии
audit-sending_resumed = Разрешена отправка после восстановления

flash-user-blocked = { $name }: доступ закрыт. Мы сообщили об этом письмом.
flash-user-unblocked = { $name }: доступ открыт.
flash-user-groups = Группы сохранены.
flash-user-signed-out = Все сеансы завершены.
flash-user-factor-reset = Двухфакторный вход сброшен. { $name } узнает об этом из письма.
flash-user-recovery = Ссылка для нового пароля отправлена на { $email }.
flash-user-deleted = { $name }: учётная запись и все данные удалены.
flash-user-invited = Приглашение уйдёт на { $email }. Что с ним стало, видно на этой странице.
flash-group-saved = Группа «{ $name }» сохранена.
flash-group-deleted = Группа удалена.
flash-manage-not-now = Уже не нужно: пока вы смотрели, всё изменилось.
flash-manage-name-taken = Группа с таким названием уже есть.
flash-manage-last-administrator = Так не останется ни одного администратора, который может войти.
flash-manage-builtin = Эту группу удалить нельзя.
flash-mailing-enable-refused = Рассылку отключил менеджер: включить её может только он.

error-others-title = Это принадлежит другому пользователю
error-others-text = Изменить это может только владелец. Посмотреть можно в разделе «Управление».

letter-invite-subject = Приглашение в сервис рассылок { $service }
letter-invite-text = Для вас создали учётную запись { $email } в сервисе рассылок { $service }. Задайте пароль, и можно начинать:
letter-invite-button = Задать пароль
letter-invite-until = Ссылка действует семь дней и только один раз. Если вы не ждали приглашения, просто удалите это письмо.
letter-blocked-subject = { $service }: ваша учётная запись заблокирована
letter-blocked-text = Учётную запись { $email } заблокировали: войти пока нельзя, рассылки остановлены. Ваши данные на месте.
letter-blocked-why = Причина: { $reason }
letter-blocked-button = На страницу входа
letter-blocked-until = Если это ошибка, напишите тем, кто ведёт этот сервис.
