# Блог: как его читают и как пишут.

blog-title = Блог
blog-lead = О рассылках и о том, как мы их делаем.
blog-none-title = Статей пока нет
blog-none-text = Загляните позже.
article-views = { $n } { $n ->
    [one] просмотр
    [few] просмотра
   *[many] просмотров
}
article-edit = Изменить
article-not-public = Эту страницу видят только те, кто ведёт блог.

article-new = Новая статья
article-edit-title = Статья
article-open-blog = Открыть блог
article-open = Посмотреть
article-to-message = Сделать сообщением
article-delete = Удалить статью
article-delete-title = Удалить статью «{ $title }»?
article-delete-text = Вернуть её нельзя. Если она нужна, но не сейчас, верните её в черновики.
article-search = Название статьи
article-none-title = Статей нет
article-none-text = Расскажите о своих рассылках: статьи видны всем на странице блога.
article-title = Название
article-state = Состояние
article-state-all = Все
article-state-draft = Черновики
article-state-planned = Запланированные
article-state-published = Опубликованные
article-draft = Черновик
article-planned = Запланирована
article-published = Опубликована
article-published-at = Дата публикации
article-published-at-help = По времени вашего пояса: { $zone }.
article-changed = изменён { $time }
article-views-column = Просмотры
article-lead = Коротко о чём
article-lead-help = Одно-два предложения для списка, поисковиков и мессенджеров. Если оставить пустым, возьмём начало текста.
article-body = Текст
article-body-help = Markdown: **жирный**, *курсив*, ## заголовок, - список, [ссылка](https://…).
article-preview = Показать, как будет
article-publication = Публикация
article-when-draft = Черновик
article-when-draft-help = Видят только те, кто ведёт блог
article-when-now = Опубликовать сейчас
article-when-at = Опубликовать в назначенное время
article-slug = Адрес
article-slug-help = Последняя часть ссылки. Если оставить пустым, сделаем из названия. Старые ссылки продолжат работать.
article-save = Сохранить статью
article-pictures = Картинки
article-picture-file = Новая картинка
article-picture-help = JPEG, PNG, WebP или GIF до 8 МБ. Сведения о месте и времени съёмки уберём.
article-picture-upload = Загрузить
article-picture-number = Картинка { $n }
article-picture-insert = Вставить в текст
article-picture-words = что на картинке
article-pictures-none = Загруженные картинки появятся здесь.
article-cover = Обложка
article-cover-none = Без обложки
article-cover-alt = Что на обложке
article-cover-alt-help = Для тех, кто её не видит.

flash-article-draft = Черновик сохранён.
flash-article-planned = Сохранено. Статья появится в назначенное время.
flash-article-published = Статья опубликована.
flash-article-deleted = Статья удалена.

problem-article-empty = Напишите текст: пустую статью публиковать рано.
problem-article-depth = Цитаты, списки или теги вложены друг в друга глубже { $deepest } уровней, либо теги не закрыты. Упростите разметку.
problem-slug = Только латинские буквы, цифры и дефисы, например { $suggested }.
problem-slug-taken = Этот адрес занят другой статьёй.

blog-chosen = Случайные статьи
home-figures = Цифры
home-mailings = Рассылок
home-active = Из них идут или запланированы
home-recipients = Получателей, каждый один раз
home-articles = Из блога
home-all-articles = Все статьи
