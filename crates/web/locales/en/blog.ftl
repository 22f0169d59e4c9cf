# The blog: how it is read and how it is written.

blog-title = Blog
blog-lead = About mailings, and how we make them.
blog-none-title = No articles yet
blog-none-text = Come back later.
article-views = { $n ->
    [one] { $n } view
   *[other] { $n } views
}
article-edit = Edit
article-not-public = Only those who keep the blog see this page.

article-new = New article
article-edit-title = Article
article-open-blog = Open the blog
article-open = View
article-to-message = Make a message
article-delete = Delete article
article-delete-title = Delete the article “{ $title }”?
article-delete-text = It cannot be brought back. If you only want it out of sight, make it a draft again.
article-search = Title of the article
article-none-title = No articles
article-none-text = Tell about your mailings: everyone sees articles on the blog’s page.
article-title = Title
article-state = State
article-state-all = All
article-state-draft = Drafts
article-state-planned = Planned
article-state-published = Published
article-draft = Draft
article-planned = Planned
article-published = Published
article-published-at = Date of publication
article-published-at-help = In your time zone: { $zone }.
article-changed = changed { $time }
article-views-column = Views
article-lead = What it is about
article-lead-help = A sentence or two for the list, search engines and messengers. Left empty, it is the beginning of the text.
article-body = Text
article-body-help = Markdown: **bold**, *italics*, ## heading, - list, [link](https://…).
article-preview = Show how it will look
article-publication = Publication
article-when-draft = Draft
article-when-draft-help = Only those who keep the blog see it
article-when-now = Publish now
article-when-at = Publish at a set time
article-slug = Address
article-slug-help = The last part of the link. Left empty, it is made from the title. Old links go on working.
article-save = Save article
article-pictures = Pictures
article-picture-file = New picture
article-picture-help = JPEG, PNG, WebP or GIF up to 8 MB. Where and when it was taken is removed.
article-picture-upload = Upload
article-picture-number = Picture { $n }
article-picture-insert = Insert into the text
article-picture-words = what is on the picture
article-pictures-none = Pictures that you upload appear here.
article-cover = Cover
article-cover-none = No cover
article-cover-alt = What is on the cover
article-cover-alt-help = For those who do not see it.

flash-article-draft = Draft saved.
flash-article-planned = Saved. The article appears at the set time.
flash-article-published = The article is published.
flash-article-deleted = The article is deleted.

problem-article-empty = Write something: an empty article is not worth publishing.
problem-article-depth = Quotes, lists, or tags are nested inside each other more than { $deepest } levels deep, or tags are left open. Nest them less.
problem-slug = Latin letters, digits and dashes only, such as { $suggested }.
problem-slug-taken = Another article has this address.

blog-chosen = Chosen at random
home-figures = Figures
home-mailings = Mailings
home-active = Running or planned
home-recipients = Recipients, each counted once
home-articles = From the blog
home-all-articles = All articles
