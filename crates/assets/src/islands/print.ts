import { on } from "./island";

on("click", "[data-print]", () => print());
