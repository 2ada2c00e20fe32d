package server

import (
	"encoding/binary"
	"time"

	"rehearse/reports/journal"
	"rehearse/simulator/audio"
	"rehearse/simulator/ice"
	"rehearse/simulator/srtp"
)

// sound is what a call hears and says.
type sound struct {
	mixed     audio.Source // what goes back
	announcer audio.Source
	meter     audio.Meter    // of what comes
	sealing   *srtp.Sender   // with SRTP, else nil
	opening   *srtp.Receiver // with SRTP, else nil
	announced bool
}

func newSound() sound {
	id := func() uint32 { return binary.BigEndian.Uint32(random(4)) }
	return sound{mixed: audio.Source{ID: id()}, announcer: audio.Source{ID: id()}}
}

// protect makes it SRTP, with the key of each side.
func (s *sound) protect(ours, theirs srtp.Master) {
	s.sealing, s.opening = srtp.NewSender(ours), srtp.NewReceiver(theirs)
}

func (s *sound) isProtected() bool { return s.sealing != nil }

// seal makes a packet ready to be sent, nil when that cannot be.
func (s *sound) seal(packet []byte) []byte {
	if s.sealing == nil || packet == nil {
		return packet
	}
	sealed, _ := s.sealing.Protect(packet) // made here, it is RTP
	return sealed
}

// faulty says whether the server's fault "one_way" has a value.
func (c *call) faulty(value string) bool {
	f, ok := c.faults.find(MCU, c.host.Name(), mediaOneWay)
	return ok && f.Value == value
}

// takeSound hears an RTP packet, which goes back on a path that a check has found:
// with the server as its source and the client as the one who contributed, for a
// client drops what has its own (RFC 3550 8.2).
func (c *call) takeSound(p *path, packet []byte) {
	if c.faulty(deaf) {
		return
	}
	c.mu.Lock()
	if c.sound.opening != nil {
		var err error
		if packet, err = c.sound.opening.Open(packet); err != nil {
			c.mu.Unlock()
			return // RFC 3711 3.3: silently
		}
	}
	p.heard++
	c.sound.meter.Add(packet, time.Now())
	var back []byte
	if p.valid {
		p.sent++
		back = c.sound.seal(c.sound.mixed.Again(packet))
	}
	c.mu.Unlock()
	c.say(p, back)
}

// say sends sound, unless a fault keeps the server from it.
func (c *call) say(p *path, packet []byte) {
	if packet != nil && !c.faulty(mute) {
		p.write(packet)
	}
}

// takeReport answers a client's RTCP with how the client is heard.
//
// Modelled: a real server reports by the clock.
func (c *call) takeReport(p *path, packet []byte) {
	if c.faulty(deaf) {
		return
	}
	c.mu.Lock()
	s := &c.sound
	var err error
	if s.opening != nil {
		_, err = s.opening.OpenRTCP(packet)
	}
	answer := s.meter.Report(s.mixed.ID).AppendReceiver(nil)
	if s.sealing != nil && err == nil {
		answer, err = s.sealing.ProtectRTCP(answer)
	}
	valid := p.valid && err == nil
	c.mu.Unlock()
	if valid {
		c.say(p, answer)
	}
}

// announce says something to the client, once, when it has chosen a path: who hears
// it but not the own sound back is not heard.
//
// Modelled: a real server plays a tone or a sentence, of whatever length.
func (c *call) announce() {
	const packets = 10
	p := c.chosenPath()
	if p == nil {
		return
	}
	c.spawn(func() {
		for range packets {
			c.mu.Lock()
			packet := c.sound.seal(c.sound.announcer.Next())
			c.mu.Unlock()
			c.say(p, packet)
			if !c.pauseCall(audio.Frame) {
				return
			}
		}
	})
}

// chosenPath is the path for RTP that the client says it takes, or where it does not
// say so the first that works; nil but for the first time that it is asked for.
func (c *call) chosenPath() *path {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sound.announced {
		return nil
	}
	var best *path
	for _, p := range c.paths {
		if p.component.number == ice.RTP && p.valid && (best == nil || p.chosen && !best.chosen) {
			best = p
		}
	}
	c.sound.announced = best != nil
	return best
}

// flowed is what went by a path. The caller holds c.mu, or the call is over.
func (c *call) flowed(p *path) journal.MediaFlowed {
	return journal.MediaFlowed{
		Path: p.transport, Sent: p.sent, Received: p.heard, Protected: c.sound.isProtected(),
		Lost: c.sound.meter.Lost(), JitterMS: int(c.sound.meter.Jitter().Milliseconds()),
	}
}
