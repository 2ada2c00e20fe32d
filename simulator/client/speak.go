package client

import (
	"crypto/rand"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/pion/stun/v2"

	"rehearse/proxy/wire"
	"rehearse/proxy/wire/msturn"
	"rehearse/reports/journal"
)

// Speak is a protocol that the step Connect can speak.
type Speak struct {
	Name string
	// Doc says what is sent and what answer counts as the protocol's.
	Doc string

	secure bool // inside TLS
	// first is what the client says first; nil: the server speaks first.
	first func(host string) []byte
	// answer judges what the server says.
	answer func(prefix []byte) wire.Verdict
}

// Speaks lists the protocols of the step Connect.
var Speaks = []Speak{
	{"http", "HTTP in the clear: GET /, any HTTP answer that no proxy made", false, httpGet, startsWith("HTTP/1.")},
	{"https", "HTTP inside TLS: GET /, any HTTP answer that no proxy made", true, httpGet, startsWith("HTTP/1.")},
	{"sips", "SIP inside TLS: OPTIONS, any SIP answer", true, sipOptions, startsWith("SIP/2.0 ")},
	{"unknown-tls", "bytes of no known protocol inside TLS, any answer that is not HTTP", true, unknownGreeting, anything},
	{"ms-turn-tls", "MS-TURN inside real TLS: Allocate, its answer", true, framedAllocate, allocateAnswer},
	{"turn-tls", "RFC TURN inside TLS: Allocate, its answer", true, turnAllocate, turnAnswer},
	{"ms-turn", "MS-TURN behind pseudo-TLS: the 50-byte hello, its answer, Allocate, its answer", false, framedAllocate, allocateAnswer},
	{"ssh", "SSH: the server speaks first", false, nil, startsWith("SSH-")},
	{"silent", "nothing: the connection has to stay open for ten seconds", false, nil, nil},
}

func httpGet(host string) []byte {
	return []byte("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
}

func sipOptions(host string) []byte {
	return []byte("OPTIONS sip:" + host + " SIP/2.0\r\nVia: SIP/2.0/TLS rehearse.test;branch=z9hG4bKrehearse\r\n" +
		"From: <sip:rehearse@rehearse.test>;tag=1\r\nTo: <sip:" + host + ">\r\nCall-ID: 1@rehearse.test\r\nCSeq: 1 OPTIONS\r\n" +
		"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n")
}

// unknownGreeting belongs to no protocol that detection knows.
func unknownGreeting(string) []byte { return []byte("\x00\x01rehearse\n") }

func framedAllocate(string) []byte { return msturn.AppendMessage(nil, firstAllocate()) }

// speakLimit is how long Connect waits for the other end to say something.
const speakLimit = 30 * time.Second

func (c Connect) take(w *walk) end {
	w.reach("", journal.StageResolve)
	host, _, err := net.SplitHostPort(c.Target)
	i := slices.IndexFunc(Speaks, func(s Speak) bool { return s.Name == c.Speak })
	if err != nil || i < 0 {
		return end{stop: w.abort(codeAddress, c.Target+" "+c.Speak)}
	}
	f, err := w.open(c.Target)
	if err != nil {
		return end{stop: w.fail(err)}
	}
	defer f.Close()
	if err := w.speak(f, host, Speaks[i]); err != nil {
		return end{stop: w.fail(err)}
	}
	w.reach(f.name, journal.StageDone)
	return end{}
}

// speak holds the conversation. Before the answer the walk is at stage connect or,
// inside TLS, at done.
func (w *walk) speak(f *flow, host string, s Speak) error {
	var conn net.Conn = f
	if s.secure {
		secured, err := w.secure(f, host)
		if err != nil {
			return err
		}
		conn = secured
		w.reach(f.name, journal.StageDone)
	}
	defer w.limit(f, speakLimit)()
	if s.Name == "ms-turn" {
		if err := w.pseudoTLS(f); err != nil {
			return err
		}
	}
	if s.answer == nil {
		return w.listen(f)
	}
	if s.first != nil {
		if _, err := conn.Write(s.first(host)); err != nil {
			return w.broke(f, s.Name, err)
		}
	}
	got, err := hear(conn, s.answer)
	if err != nil {
		return w.broke(f, s.Name, err)
	}
	if code, ok := httpIn(conn, got); ok {
		if s.answer(got) == wire.Yes && !isException(code) {
			return nil
		}
		return w.refuse(code, "")
	}
	if s.answer(got) != wire.Yes {
		return w.notAnswered(f, got)
	}
	return nil
}

// listen waits for ten seconds of silence.
func (w *walk) listen(f *flow) error {
	f.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err := hear(f, anything)
	if result, _ := classify(err); err != nil && result == journal.Timeout && w.ctx.Err() == nil {
		return nil
	}
	if err != nil {
		return w.broke(f, "", err)
	}
	return w.refuse(codeProtocol, "the other end spoke")
}

func startsWith(text string) func([]byte) wire.Verdict {
	return func(b []byte) wire.Verdict { return wire.HasPrefix(b, text) }
}

func anything(b []byte) wire.Verdict {
	if v := wire.HasPrefix(b, "HTTP/1."); v != wire.No {
		return v
	}
	return wire.Yes
}

// firstAllocate is the Allocate request that asks for a challenge.
func firstAllocate() *msturn.Message {
	m := &msturn.Message{Type: msturn.AllocateRequest, Attributes: []msturn.Attribute{msturn.VersionICE2}}
	rand.Read(m.TransactionID[:]) // never fails
	return m
}

// allocateAnswer recognises a framed answer to Allocate.
func allocateAnswer(b []byte) wire.Verdict {
	f, _, err := msturn.ParseFrame(b)
	if errors.Is(err, wire.ErrShort) {
		return wire.Maybe
	}
	if err != nil {
		return wire.No
	}
	m, err := msturn.Parse(f.Payload)
	if err != nil || (m.Type != msturn.AllocateError && m.Type != msturn.AllocateResponse) {
		return wire.No
	}
	return wire.Yes
}

// turnAllocate is the Allocate request of RFC 8656 7.1 that asks for a challenge.
func turnAllocate(string) []byte {
	const udp = 17
	m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest),
		stun.RawAttribute{Type: stun.AttrRequestedTransport, Length: 4, Value: []byte{udp, 0, 0, 0}})
	if err != nil {
		return nil // only without random numbers
	}
	return m.Raw
}

// turnAnswer recognises an answer to it.
func turnAnswer(b []byte) wire.Verdict {
	for _, start := range []string{"\x01\x13", "\x01\x03"} {
		if v := wire.HasPrefix(b, start); v == wire.No {
			continue
		}
		if len(b) < 8 {
			return wire.Maybe
		}
		return wire.HasPrefix(b[4:], "\x21\x12\xa4\x42")
	}
	return wire.No
}

// isException says whether a code is an interceptor's exception id.
func isException(code string) bool {
	return !strings.HasPrefix(code, "http_") && code != codeProtocol
}
