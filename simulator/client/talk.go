package client

import (
	"time"

	"rehearse/reports/journal"
)

// Talk sends audio in the meeting for a time, 50 packets a second, and counts what
// comes back; under nine tenths it could not be heard.
type Talk struct{ For time.Duration }

func (Talk) Name() string   { return "talk" }
func (Talk) failed() string { return "Cannot be heard" }
func (Talk) done() string   { return "Talked, and was heard" }

func (t Talk) take(w *walk) end {
	w.reach("", journal.StageMedia)
	c := w.call
	switch {
	case c == nil:
		return end{stop: w.refuse(codeNotInMeeting, ""), media: journal.MediaNone}
	case c.trouble != nil:
		return end{stop: c.trouble, media: journal.MediaNone}
	}
	packets := max(int(t.For/burstPacing), 1)
	if err := c.talk(w, packets); err != nil {
		return end{stop: w.fail(err), media: journal.MediaNone}
	}
	w.reach(c.path.name, journal.StageDone)
	return end{media: c.path.mediaName()}
}
