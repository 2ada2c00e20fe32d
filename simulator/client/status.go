package client

import "rehearse/reports/journal"

func (Status) take(w *walk) end {
	w.reach("", journal.StageRegister)
	p := w.presence
	if p == nil {
		return end{stop: w.refuse(codeNotSignedIn, "")}
	}
	s, stopped := p.current(w)
	if stopped == nil {
		err := s.refresh(w)
		if err != nil && !s.lost() {
			return end{stop: w.fail(err)}
		}
		if err != nil { // the loss shows only now
			s, stopped = p.current(w)
		}
	}
	if stopped != nil {
		return end{stop: stopped}
	}
	e := w.heard()
	if e.stop != nil {
		return e
	}
	if p.regained() {
		e.text = "Signed in again, the connection had been lost"
	}
	w.reach(s.flow.name, journal.StageDone)
	return e
}

// heard says whether a client in a meeting still has its audio. In no meeting there
// is nothing to say.
func (w *walk) heard() end {
	c := w.call
	if c == nil {
		return end{}
	}
	if c.trouble == nil {
		w.reach(c.path.name, journal.StageMedia)
		if err := c.measure(w); err != nil {
			return end{stop: w.fail(err).degraded(), media: journal.MediaNone}
		}
		return end{media: c.path.mediaName(), text: "Still signed in and in the meeting, with audio"}
	}
	return end{stop: c.trouble, media: journal.MediaNone}
}

func (SignOut) take(w *walk) end {
	p := w.presence
	if p == nil {
		w.reach("", journal.StageRegister)
		return end{stop: w.refuse(codeNotSignedIn, "")}
	}
	defer w.absent()
	s, stopped := p.current(w)
	if err := w.leave(stopped == nil); err != nil && stopped == nil {
		return end{stop: w.fail(err)}
	}
	if stopped != nil { // nothing is left to sign out from
		return end{}
	}
	w.reach(s.flow.name, journal.StageRegister)
	if err := s.unsubscribe(w); err != nil {
		return end{stop: w.fail(err)}
	}
	res, err := s.ask(w, s.registration("0"))
	switch {
	case err != nil:
		return end{stop: w.fail(err)}
	case !is2xx(res):
		return end{stop: w.sipRefusal(res)}
	}
	w.reach(s.flow.name, journal.StageDone)
	return end{}
}
