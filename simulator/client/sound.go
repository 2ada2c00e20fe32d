package client

import (
	"time"

	"rehearse/reports/journal"
	"rehearse/simulator/audio"
	"rehearse/simulator/ice"
	"rehearse/simulator/srtp"
)

const (
	burst       = 50 // packets: one second of audio
	burstPacing = audio.Frame
	burstWait   = 2 * time.Second // for stragglers
	// enough is how many of a burst must come back for the audio to count as fit to
	// be heard, and as many of more packets in proportion. Modelled.
	enough = 45
	// source names the client's audio.
	source = 0x52454845
)

// sound is what a call says and hears.
type sound struct {
	said    audio.Source
	crypto  srtp.Crypto    // the key that is offered
	sealing *srtp.Sender   // with SRTP, else nil
	opening *srtp.Receiver // with SRTP, else nil
	unheard int            // of what was said so far, as the server reported
}

func newSound() sound {
	return sound{said: audio.Source{ID: source}, crypto: srtp.NewCrypto(1)}
}

// agree takes the key of an answer, the first time that there is one.
func (s *sound) agree(value string) error {
	theirs, err := srtp.ParseCrypto(value)
	if err == nil && s.sealing == nil {
		s.sealing, s.opening = srtp.NewSender(s.crypto.Master), srtp.NewReceiver(theirs.Master)
	}
	return err
}

// profile is the one of RFC 3551, or with SRTP that of RFC 3711.
func (s *sound) profile() string {
	if s.sealing != nil {
		return "RTP/SAVP"
	}
	return "RTP/AVP"
}

// seal makes a packet that was made here ready to be sent.
func (s *sound) seal(packet []byte) []byte {
	if s.sealing == nil {
		return packet
	}
	protect := s.sealing.Protect
	if audio.IsRTCP(packet) {
		protect = s.sealing.ProtectRTCP
	}
	sealed, _ := protect(packet) // fails only on what is neither RTP nor RTCP
	return sealed
}

// open is the packet inside what came, nil for what is not to be heard.
func (s *sound) open(packet []byte) []byte {
	open := func(b []byte) ([]byte, error) { return b, nil }
	switch rtcp := audio.IsRTCP(packet); {
	case !rtcp && !ice.IsRTP(packet):
		return nil
	case s.opening != nil && rtcp:
		open = s.opening.OpenRTCP
	case s.opening != nil:
		open = s.opening.Open
	}
	plain, err := open(packet)
	if err != nil {
		return nil // RFC 3711 3.3: silently
	}
	return plain
}

// hearing counts what comes while a burst is sent.
type hearing struct {
	*sound
	wanted    int         // packets
	meter     audio.Meter // of the client's own audio as it comes back
	announced int         // packets of the server's own
	report    audio.Report
	reported  bool // the server said how it hears the client
}

// take counts a packet, and says whether there is nothing more to wait for.
func (h *hearing) take(p packet) bool {
	if p.check != nil {
		return false
	}
	plain := h.open(p.data)
	switch {
	case plain == nil:
	case audio.IsRTCP(plain):
		if r, ok := audio.ParseReport(plain, source); ok {
			h.report, h.reported = r, true
		}
	case audio.HasFrom(plain, source):
		h.meter.Add(plain, time.Now())
	default:
		h.announced++
	}
	return h.isDone()
}

// isDone says whether all came, the report too.
func (h *hearing) isDone() bool { return h.meter.Received() >= h.wanted && h.reported }

// measure sends one second of audio along the call's path, and says whether it can be
// heard.
func (c *call) measure(w *walk) error { return c.talk(w, burst) }

// talk sends packets of audio and at last a report, which the server answers with one
// of its own; it counts what comes back, and says whether it can be heard.
func (c *call) talk(w *walk, packets int) error {
	a, h := c.path, &hearing{sound: &c.sound, wanted: packets}
	c.drain(h)
	sent, failure := c.speak(w, h)
	if failure == nil {
		failure = c.stragglers(w, h)
	}
	a.record(a.name, h.flowed(a.mediaName(), sent))
	if lost := a.lost(); lost != nil {
		failure = lost // what writing says is only that it is over
	}
	switch {
	case failure != nil:
		return failure
	case h.isNotHeard():
		return w.refuse(codeOneWay, "")
	case h.meter.Received()*burst < packets*enough:
		return w.refuse(codeLost, "")
	}
	return nil
}

// speak sends the packets, one each 20 ms.
func (c *call) speak(w *walk, h *hearing) (sent int, failure error) {
	for ; sent < h.wanted && failure == nil; sent++ {
		if err := c.path.send(c.to, c.sound.seal(c.sound.said.Next())); err != nil {
			return sent, c.path.broken(err)
		}
		if sent == h.wanted-1 {
			failure = c.ask(h)
		}
		if failure == nil {
			_, failure = c.path.await(w, burstPacing, h.take)
		}
	}
	return sent, failure
}

// stragglers waits for what is still under way, and asks again for a report that does
// not come: it may be lost.
func (c *call) stragglers(w *walk, h *hearing) error {
	const asks = 4
	for range asks {
		if h.isDone() {
			return nil
		}
		done, err := c.path.await(w, burstWait/asks, h.take)
		if err != nil || done {
			return err
		}
		if !h.reported {
			if err := c.ask(h); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *hearing) flowed(path string, sent int) journal.MediaFlowed {
	e := journal.MediaFlowed{
		Path: path, Sent: sent, Received: h.meter.Received(), Protected: h.sealing != nil,
		Lost: h.meter.Lost(), JitterMS: int(h.meter.Jitter().Milliseconds()),
	}
	if h.reported { // a report is about all since the call began
		e.LostThere = max(0, h.report.Lost-h.unheard)
		h.unheard = h.report.Lost
	}
	if h.isNotHeard() {
		e.OneWay = "not heard"
	}
	return e
}

// ask sends a report, which the server answers with one.
func (c *call) ask(h *hearing) error {
	at := time.Duration(c.sound.said.Sent()) * audio.Frame
	if err := c.path.send(c.to, c.sound.seal(h.meter.Report(source).AppendSender(nil, &c.sound.said, at))); err != nil {
		return c.path.broken(err)
	}
	return nil
}

// isNotHeard says whether the client hears the server, but nothing of its own.
func (h *hearing) isNotHeard() bool { return h.announced > 0 && h.meter.Received() == 0 }

// drain takes what arrived while nobody listened: of all that only the server's own
// sound counts.
func (c *call) drain(h *hearing) {
	for {
		select {
		case p := <-c.path.arrived:
			h.take(p)
		default:
			return
		}
	}
}
