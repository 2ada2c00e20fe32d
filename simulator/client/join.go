package client

import (
	"crypto/rand"
	"encoding/base64"

	"rehearse/reports/journal"
)

func (j Join) take(w *walk) end {
	w.leave(true)
	s, stopped := w.signedIn()
	if stopped != nil {
		return end{stop: stopped}
	}
	c := &call{session: s, keys: iceKeys{ufrag: fragment(4), password: fragment(24)}, sound: newSound()}
	w.call = c
	if err := w.join(c, j.Meeting); err != nil {
		failed := w.fail(err)
		w.leave(!s.lost())
		return end{stop: failed}
	}
	if c.trouble != nil {
		return end{stop: c.trouble, media: journal.MediaNone}
	}
	w.reach(c.path.name, journal.StageDone)
	return end{media: c.path.mediaName()}
}

// fragment is random text for ICE: letters, digits, plus and slash.
func fragment(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)[:n]
}

// signedIn is the session to use; a client that is not signed in does so.
func (w *walk) signedIn() (*session, *stop) {
	if w.presence != nil {
		return w.presence.current(w)
	}
	s, stopped := w.signIn()
	if stopped == nil {
		w.present(s)
	}
	return s, stopped
}

// join walks through the stages of a join. What keeps only the audio away becomes
// the call's trouble.
func (w *walk) join(c *call, meeting string) error {
	focus, err := w.focus(meeting)
	if err != nil {
		return err
	}
	c.meeting = focus
	relays, err := w.relays(c.session)
	if err != nil && c.session.lost() {
		return err
	}
	if err != nil {
		c.trouble = w.fail(err).degraded()
	}
	c.gather(w, relays)
	if err := c.enter(w); err != nil {
		return err
	}
	if err := c.dialAudio(w); err != nil {
		return w.withoutAudio(c, err)
	}
	if c.trouble != nil {
		return nil
	}
	if err := c.connect(w); err != nil {
		return w.withoutAudio(c, err)
	}
	if err := c.measure(w); err != nil {
		return w.withoutAudio(c, err)
	}
	return nil
}

// withoutAudio notes why a call has no audio, unless that is known already; a
// lost session or an ended step is more than that and is given back.
func (w *walk) withoutAudio(c *call, err error) error {
	if c.session.lost() || w.ctx.Err() != nil {
		return err
	}
	if c.trouble == nil {
		c.trouble = w.fail(err).degraded()
	}
	return nil
}

// degraded is the stop as one that keeps only the audio away.
func (s *stop) degraded() *stop {
	s.result = journal.Degraded
	return s
}

func (Leave) take(w *walk) end {
	w.reach("", journal.StageConference)
	if w.call == nil {
		return end{stop: w.refuse(codeNotInMeeting, "")}
	}
	if err := w.leave(true); err != nil {
		return end{stop: w.fail(err)}
	}
	w.reach("", journal.StageDone)
	return end{}
}

// leave ends the meeting the client is in, if any.
func (w *walk) leave(manners bool) error {
	c := w.call
	if c == nil {
		return nil
	}
	w.call = nil
	e := w.errand(w.ctx)
	var err error
	if manners && !c.session.lost() {
		err = c.hangUp(e)
	}
	c.release(e, manners)
	return err
}
