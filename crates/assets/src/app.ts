// Everything here improves pages that work without it; only live progress needs scripts. htmx comes first: its SSE
// extension looks for the global that htmx sets.
import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
import "./islands/copy";
import "./islands/dialog";
import "./islands/draft";
import "./islands/drop";
import "./islands/guard";
import "./islands/insert";
import "./islands/keys";
import "./islands/live";
import "./islands/menu";
import "./islands/notes";
import "./islands/preview";
import "./islands/print";
import "./islands/select";
import "./islands/theme";
import "./islands/timezone";
import "./islands/undo";
