package server_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"rehearse/reports/journal"
	"rehearse/simulator/pki"
	"rehearse/simulator/server"
	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

func FuzzEdge(f *testing.F) {
	f.Add(unhex(niceHello))
	f.Add(append(unhex(niceHello), unhex("0200002400030010"+"000102030405060708090a0b0c0d0e0f"+magicCookie+version1)...))
	f.Add(append(unhex(niceHello), 3, 0, 0, 1, 0xff))
	f.Add(append(unhex(niceHello), 2, 0, 0, 0))
	f.Fuzz(func(t *testing.T, sent []byte) { speak(t, "edge", sent) })
}

// FuzzDatagram is the same over UDP.
func FuzzDatagram(f *testing.F) {
	f.Add(unhex("00030010" + "000102030405060708090a0b0c0d0e0f" + magicCookie + version1))
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, sent []byte) { speak(t, "edge-udp", sent) })
}

// speak sends bytes to one of the estate's endpoints and waits until all is quiet.
// That nothing panics and nothing is left running is the test.
func speak(t *testing.T, endpoint string, sent []byte) {
	worldtest.World(t, world.Config{}, func(w *world.Memory) {
		s := &stage{world: w, log: journal.NewMemory()}
		var err error
		if s.pki, err = pki.New(pki.Config{Now: time.Now}); err != nil {
			t.Fatal(err)
		}
		if s.Estate, err = server.Start(s.config()); err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.client = w.Host("alice", netip.MustParseAddr("10.1.0.11"))
		e := s.Endpoints()[endpoint]
		c, err := s.client.Dial(s.ctx(), e.Network, e.Target())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write(sent)
		_ = c.SetReadDeadline(time.Now().Add(time.Hour))
		buf := make([]byte, 4096)
		for err == nil {
			_, err = c.Read(buf)
		}
		c.Close()
	})
}

// FuzzMessages cuts a SIP stream in two: the messages must not depend on where.
func FuzzMessages(f *testing.F) {
	p := &phone{user: "alice@contoso.test"}
	f.Add([]byte("\r\n\r\n"+p.register()+p.register()), 100)
	f.Add([]byte(p.request("INFO", "sip:b", "<sip:b>", "c", []string{"Subject: folded", "  over lines"}, "body")), 160)
	f.Add([]byte("SIP/2.0 200 OK\r\nContent-Length: 5\r\n\r\n12"), 3)
	f.Fuzz(func(t *testing.T, stream []byte, at int) {
		if at < 0 || at > len(stream) {
			return
		}
		whole, ok := server.Messages(stream)
		parts, same := server.Messages(stream[:at], stream[at:])
		if ok != same || !slices.Equal(whole, parts) {
			t.Errorf("cut at %d: got %q (%v), want %q (%v)", at, parts, same, whole, ok)
		}
	})
}

// FuzzRaw holds an element that is cut out to be a piece of the message that begins
// and ends as one of that name.
func FuzzRaw(f *testing.F) {
	for _, seed := range []string{
		`<a><saml:Assertion xmlns:saml="x" AssertionID="1">y</saml:Assertion></a>`, `<Assertion>`, `</Assertion></Assertion>`, `Assertion>`,
		`<AssertionID/><s:Assertion></s:Assertion>`, `<!--Assertion --><Assertion></Assertion>`, `<x Assertion ="<Assertion>"/></Assertion>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		got := server.Raw(message, "Assertion")
		if got != nil && (!bytes.Contains(message, got) || got[0] != '<' || !bytes.HasSuffix(got, []byte("Assertion>"))) {
			t.Errorf("%q of %q", got, message)
		}
	})
}
