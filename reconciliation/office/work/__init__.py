"""Work on cases: comments, evidence, many cases at once, how long they wait, lists kept at hand."""
