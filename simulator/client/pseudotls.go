package client

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"slices"

	"rehearse/proxy/wire"
	"rehearse/proxy/wire/pseudotls"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
)

// pseudoTLS sends the pseudo-TLS hello of [MS-TURN] 2.1 and reads its answer. A
// TLS alert or an HTTP answer in its place is what interceptors are seen to give
// that take the hello for TLS; the stop names it and the journal shows the bytes.
func (w *walk) pseudoTLS(f *flow) error {
	var random [28]byte
	rand.Read(random[:]) // never fails
	w.record(f.name, journal.TURNSent{Message: "pseudo-TLS hello"})
	if _, err := f.Write(pseudotls.ClientHello(pseudotls.Random(w.conf.Now(), random))); err != nil {
		return w.broke(f, "pseudo-TLS hello", err)
	}
	answer, err := hear(f, pseudotls.MatchServerHello)
	if err != nil {
		return w.broke(f, "pseudo-TLS hello", err)
	}
	if pseudotls.MatchServerHello(answer) == wire.Yes {
		w.record(f.name, journal.TURNSent{Received: true, Message: "pseudo-TLS answer"})
		return nil
	}
	return w.notAnswered(f, answer)
}

// notAnswered reads what came in place of an answer that MS-TURN knows.
func (w *walk) notAnswered(f *flow, got []byte) error {
	w.record(f.name, journal.BytesReceived{Hex: fmt.Sprintf("% x", got[:min(len(got), 64)])})
	if alert, ok := alertIn(got); ok {
		name := tlshello.AlertName(alert)
		w.record(f.name, journal.AlertSent{Received: true, Code: alert, Name: name})
		return w.refuse("alert_"+name, "")
	}
	if code, ok := httpIn(f, got); ok {
		return w.refuse(code, "an HTTP answer in place of an MS-TURN one")
	}
	return w.abort(codeProtocol, "")
}

// alertIn is the alert in a record that is one in the clear, the seven bytes 15 03
// xx 00 02 LEVEL CODE.
func alertIn(b []byte) (uint8, bool) {
	if len(b) != 7 || b[0] != 21 || b[1] != 3 || b[3] != 0 || b[4] != 2 {
		return 0, false
	}
	return b[6], true
}

// httpIn says whether what came is an HTTP answer, of which rest may hold more,
// and with what code.
func httpIn(rest io.Reader, got []byte) (code string, ok bool) {
	if wire.HasPrefix(got, "HTTP/1.") != wire.Yes {
		return "", false
	}
	res, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(got), rest)), nil)
	if err != nil {
		return codeProtocol, true
	}
	defer res.Body.Close()
	return pageCode(res), true
}

// hear reads until the verdict on what came is no Maybe any more, and gives what
// came.
func hear(r io.Reader, verdict func([]byte) wire.Verdict) ([]byte, error) {
	const most = 64 << 10
	var got []byte
	chunk := make([]byte, 4<<10)
	for {
		n, err := r.Read(chunk)
		got = slices.Concat(got, chunk[:n])
		if len(got) > 0 && (verdict(got) != wire.Maybe || len(got) >= most) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
	}
}
