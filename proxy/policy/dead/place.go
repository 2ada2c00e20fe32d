package dead

import (
	"strconv"

	"rehearse/reports/diag"
)

// place is "file:line", as decisions name lines.
func place(s diag.Span) string { return s.File + ":" + strconv.Itoa(s.Start.Line) }
