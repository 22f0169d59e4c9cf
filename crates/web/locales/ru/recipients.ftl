# Получатели: список, правка, импорт и экспорт.

recipients-title = Получатели
recipients-add = Добавить
recipients-add-one = Добавить вручную
recipients-import = Импорт
recipients-import-file = Загрузить файл CSV
recipients-export = Скачать CSV
recipients-export-workbook = Скачать таблицей Excel
recipients-empty-title = Получателей пока нет
recipients-empty-text = Загрузите список из файла или добавьте первого получателя вручную. Имя и комментарий можно будет подставлять в письма.
recipients-none-title = Никого не нашлось
recipients-none-text = По запросу «{ $search }» нет ни одного получателя. Поищите по части имени, адреса или комментария.
recipients-show-all = Показать всех
recipients-search = Найти
recipients-search-hint = Имя, адрес или комментарий
recipients-sort = Порядок
recipients-sort-newest = Сначала новые
recipients-sort-email = По адресу
recipients-sort-name = По имени
recipients-found = { $n ->
    [one] Найден { $n } получатель
    [few] Найдено { $n } получателя
   *[many] Найдено { $n } получателей
}
recipients-of = всего { $n }
recipients-chosen = Выбрано:
recipients-choose-all = { $n ->
    [one] Весь список: { $n } получатель
    [few] Весь список: { $n } получателя
   *[many] Весь список: { $n } получателей
}
recipients-choose-found = { $n ->
    [one] Всё найденное: { $n } получатель
    [few] Всё найденное: { $n } получателя
   *[many] Всё найденное: { $n } получателей
}
recipients-choose-page = Выбрать всех на этой странице
recipients-choose = Выбрать { $email }
recipients-edit = Изменить { $email }
recipients-column-email = Электронная почта
recipients-column-full-name = Ф. И. О.
recipients-column-comment = Комментарий
recipients-column-added = Добавлен
recipients-column-actions = Действия

recipients-delete-chosen = Удалить выбранных…
recipients-delete-title = { $n ->
    [one] Удалить { $n } получателя?
   *[many] Удалить { $n } получателей?
}
recipients-delete-everyone = Это весь ваш список получателей.
recipients-delete-found = Все, кто найден по запросу «{ $search }».
recipients-delete-text = Из выбранных рассылок они тоже исчезнут. Отчёты об уже отправленных письмах останутся. Вернуть удалённых нельзя.
recipients-delete-confirm = { $n ->
    [one] Удалить { $n } получателя
   *[many] Удалить { $n } получателей
}
recipients-keep = Не удалять

recipient-new-title = Новый получатель
recipient-edit-title = Получатель
recipient-full-name-help = Так получатель будет назван в письмах, если подставить его имя.
recipient-comment-help = Для себя или для подстановки в письма.
recipient-create = Добавить получателя
recipient-save = Сохранить
recipient-edit = Изменить
recipient-letters = Письма
recipient-letters-cut = последние { $n }
recipient-no-letters = Среди последних отправок писем этому получателю нет.
recipient-delete = Удалить
recipient-updated = Изменён
recipient-open-holder = Открыть получателя с этим адресом
recipient-delete-title = Удалить получателя?
recipient-delete-text = { $email } исчезнет из списка и из рассылок, где этот получатель выбран. Отчёты об уже отправленных письмах останутся.
recipient-delete-confirm = Удалить получателя
recipient-keep = Не удалять

flash-recipient-added = Получатель { $email } добавлен.
flash-recipient-saved = Получатель сохранён.
flash-recipient-deleted = Получатель { $email } удалён.
flash-recipients-deleted = { $n ->
    [one] Удалён { $n } получатель.
    [few] Удалено { $n } получателя.
   *[many] Удалено { $n } получателей.
}
flash-recipients-none-chosen = Сначала отметьте получателей в списке.

import-title = Импорт получателей
import-drop = Выберите файл или перетащите его сюда
import-drop-help = CSV, до { $largest } МБ
import-submit = Загрузить получателей
import-about = Какой нужен файл
import-about-text = Таблица CSV, в первой строке которой названы столбцы. Разделитель и кодировку определим сами, порядок столбцов не важен, лишние пропустим.
import-about-email = Обязательный столбец: «Электронная почта», «E-mail клиента», «Email»
import-about-full-name = «Ф. И. О.», «Имя», «Name». Имя, фамилия и отчество могут стоять в разных столбцах
import-about-comment = «Комментарий», «Примечание», «Comment»
import-about-known = Если адрес уже есть в списке, обновим имя и комментарий. Пустые ячейки ничего не стирают.
import-sample = Скачать образец файла
import-sample-email = anna@example.com
import-sample-full-name = Анна Иванова
import-sample-comment = постоянный клиент
import-latest = Последние загрузки
import-column-file = Файл
import-column-state = Состояние
import-column-line = Строка
import-column-reason = Причина
import-no-name = файл без имени
import-state-reading = Загружается
import-state-done = Загружен
import-state-none = Ничего не принято
import-state-failed = Не загружен
import-progress = Прочитано
import-reading = Файл читается. Страницу можно закрыть: загрузка продолжится.
import-refresh = Обновить
import-added = Добавлено
import-updated = Обновлено
import-unchanged = Без изменений
import-rejected = Не принято
import-warnings = Предупреждения
import-blank-rows = Пустые строки
import-failed = Файл не загружен
import-all-good = Готово: приняты все строки файла.
import-nothing-new = Готово: все получатели из файла уже есть в списке, менять нечего.
import-rejected-title = { $n ->
    [one] Не принята { $n } строка
    [few] Не приняты { $n } строки
   *[many] Не принято { $n } строк
}
import-none-taken = Не принята ни одна строка
import-none-taken-text = Проверьте, какой столбец прочитан как адрес: он назван ниже.
import-columns-not-taken = { $n ->
    [one] Не загружен { $n } столбец
    [few] Не загружены { $n } столбца
   *[many] Не загружено { $n } столбцов
}
import-columns-not-taken-text = Загружаются только адрес, имя и комментарий.
import-rows-kept = В перечне только первые { $n }.
import-warnings-title = { $n ->
    [one] { $n } предупреждение
    [few] { $n } предупреждения
   *[many] { $n } предупреждений
}
import-warnings-download = Скачать предупреждения
import-warnings-rows = Принято с изменениями
import-column-warning = Что сделано
import-column-unnamed = столбец { $n }
import-warning-damaged = В имени испорчены символы, загружено как «{ $value }». Исправьте его.
import-warning-comment-damaged = В комментарии испорчены символы. Исправьте его.
import-warning-name-kept = В файле имя с испорченными символами («{ $value }»), оставлено то, что есть в списке.
import-warning-comment-kept = В файле комментарий с испорченными символами, оставлен тот, что есть в списке.
import-warning-addresses = Принят первый адрес. Не приняты: { $others }
import-layout = Как прочитан файл
import-layout-not-taken = Не загружены столбцы
import-layout-empty = Пустые столбцы
import-layout-encoding = Кодировка
import-rejected-text = Остальные строки приняты. Исправьте эти и загрузите файл ещё раз: повторов не будет.
import-rejected-download = Скачать отчёт
import-rejected-rows = Непринятые строки
import-rejected-first = первые { $n }
import-to-list = К получателям
import-another = Загрузить другой файл

problem-recipient-taken = Получатель с таким адресом уже есть.
problem-import-no-file = Выберите файл.
problem-import-file-large = Файл больше { $largest } МБ. Разделите его на части.
problem-import-upload = Файл не дошёл целиком. Попробуйте ещё раз.
problem-import-empty = В файле ничего нет.
problem-import-no-header = Первая строка файла должна называть столбцы, например: Электронная почта, Ф. И. О., Комментарий.
problem-import-no-email = Не нашли столбец с адресами. В первой строке файла: { $found }. Назовите нужный столбец «Электронная почта» или «Email».
problem-import-address-damaged = В адресе испорчены символы.
problem-import-is-xlsx = Это книга Excel (.xlsx), а загружаются файлы CSV. Откройте её в Excel, выберите «Файл» → «Сохранить как» → «CSV UTF-8 (разделитель — запятая)» и загрузите новый файл.
problem-import-is-xls = Это книга старого или защищённого Excel (.xls), а загружаются файлы CSV. Откройте её в Excel, выберите «Файл» → «Сохранить как» → «CSV UTF-8 (разделитель — запятая)» и загрузите новый файл.
problem-import-is-spreadsheet = Это электронная таблица, а загружаются файлы CSV. Откройте её в табличной программе, сохраните как CSV в кодировке UTF-8 и загрузите новый файл.
problem-import-is-vcard = Это карточки контактов (vCard), а загружаются файлы CSV. В адресной книге выберите «Экспорт» и формат CSV: он есть в Google Контактах, Outlook и Thunderbird.
problem-import-is-html = Это веб-страница или XML, даже если имя заканчивается на .xls, а загружаются файлы CSV. Откройте её в табличной программе, сохраните как CSV в кодировке UTF-8 и загрузите новый файл.
problem-import-is-pdf = Это документ PDF, а загружаются файлы CSV. Выгрузите список в CSV из той программы, где он ведётся.
problem-import-is-document = Это текстовый документ, а загружаются файлы CSV. Перенесите таблицу в табличную программу, сохраните как CSV в кодировке UTF-8 и загрузите этот файл.
problem-import-is-archive = Это архив. Распакуйте его и загрузите файл CSV.
problem-import-is-picture = Это картинка, а загружаются файлы CSV. Выгрузите список в CSV из той программы, где он ведётся.
problem-import-is-json = Это JSON, а загружаются файлы CSV. Выгрузите список в CSV из той программы, где он ведётся.
problem-import-not-text = Это не текстовый файл, а загружаются файлы CSV. Выгрузите список в CSV из той программы, где он ведётся.
problem-import-broken = Загрузка прервалась. То, что успели прочитать, сохранено; загрузите файл ещё раз.
problem-import-record-long = Строка слишком длинная или в ней не закрыта кавычка.
problem-import-quote = Не закрыта кавычка.
problem-import-repeated = Этот адрес уже был в строке { $first }.

## Удаление в фоне

deletion-title = Удаление
deletion-all = Все получатели
deletion-found = Получатели по запросу «{ $search }»
deletion-mailing = Рассылка «{ $name }»
deletion-going = Удаляется
deletion-done = Удалено
deletion-progress = Удалено
deletion-recipients = Удалено получателей
deletion-deliveries = Удалено доставок
deletion-recipients-text = Получатели удаляются. Страницу можно закрыть: удаление продолжится.
deletion-mailing-text = Рассылки уже нет в ваших списках. Её история доставки удаляется, страницу можно закрыть.
deletion-to-mailings = К рассылкам
