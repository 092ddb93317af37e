/* The content security policy takes no inline style and htmx needs no eval for what unfold asks. */
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
