package story_test

import (
	"bytes"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/story"
	"rehearse/proxy/wire/pseudotls"
)

// events are a tape's events, one line each: packet, who, what.
func (t *tape) events() []string {
	s, err := story.Read(bytes.NewReader(t.file.Bytes()), story.Options{Events: true})
	Expect(err).NotTo(HaveOccurred())
	var out []string
	for _, e := range s.Events {
		who := "client"
		if e.Actor == "192.0.2.1" {
			who = "server"
		}
		out = append(out, fmt.Sprintf("%d %s: %s", e.Packet, who, e.Body))
	}
	return out
}

var _ = Describe("Events", func() {
	It("tell a handshake that the client gives up", func() {
		t := newTape()
		t.connect(1, 443).say(client, hello()).say(server, chosen()).say(client, record(21, 2, 48)).end(client)
		Expect(t.events()).To(Equal([]string{
			"1 client: connect to 192.0.2.1:443", "3 client: ClientHello for a.test", "5 client: sent alert 48 (unknown_ca)",
			"6 client: TLS handshake (client side) for a.test failed: client alert after server hello", "6 client: FIN by client after ServerHello",
		}))
	})
	It("tell what a side closes after, when the handshake is through", func() {
		t := newTape()
		done := record(20, 1)
		t.connect(1, 443).say(client, hello()).say(server, chosen()).say(client, done).say(server, done).end(client)
		t.connect(2, 443).say(client, hello()).say(server, chosen()).say(client, done).say(server, done).say(client, record(23, 1, 2)).end(server)
		Expect(t.events()).To(ContainElements("7 client: FIN by client after Finished", "15 server: FIN by server after application data",
			"6 client: TLS handshake (client side) for a.test finished, TLS 1.2", "15 client: encrypted records: 1 from the client, 0 from the server"))
	})
	It("tell how a connection failed", func() {
		t := newTape()
		c := &connection{tape: t, number: 1, port: 443}
		c.segment(client, synOnly(), nil)
		t.connect(2, 8080).say(client, []byte("CONNECT a.test:443 HTTP/1.1\r\n\r\n")).
			say(server, []byte("HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\n<h1>No (policy_denied)")).end(server)
		Expect(t.events()).To(Equal([]string{
			"1 client: connect to 192.0.2.1:443: no answer", "2 client: connect to a.test:443 at proxy 192.0.2.1:8080",
			"5 client: CONNECT a.test:443: 403 Forbidden", "5 server: exception policy_denied 403 to CONNECT", "6 server: FIN by server after HTTP 403",
		}))
	})
	It("tell fetches of the status of certificates", func() {
		t := newTape()
		t.connect(1, 80).say(client, []byte("GET http://crl.test/MyCA.crl HTTP/1.1\r\n\r\n")).say(server, []byte("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"))
		t.connect(2, 80).say(client, []byte("GET http://crl.test/a.crl HTTP/1.1\r\n\r\n"))
		Expect(t.events()).To(ContainElements("4 client: crl http://crl.test/MyCA.crl for : offline: HTTP 503", "7 client: crl http://crl.test/a.crl for : offline: no answer"))
	})
	It("tell bytes that are none of the protocol spoken", func() {
		t := newTape()
		t.connect(1, 443).say(client, pseudotls.ClientHello([32]byte{})).say(server, record(21, 2, 40)).end(server)
		t.connect(2, 5060).say(client, []byte("REGISTER sip:a.test SIP/2.0\r\nContent-Length: 0\r\n\r\n")).say(server, []byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		Expect(t.events()).To(ContainElements(
			"3 client: sent pseudo-TLS hello", "4 client: received bytes 15 03 03 00 02 02 28",
			"8 client: sent SIP REGISTER sip:a.test", HavePrefix("9 client: received bytes 48 54 54 50")))
	})
	It("are those of the capture's packets, in order, and none unless asked for", func() {
		t := newTape()
		for i := range 20 {
			t.connect(i, 443).say(client, hello())
		}
		s, err := story.Read(bytes.NewReader(t.file.Bytes()), story.Options{Events: true})
		Expect(err).NotTo(HaveOccurred())
		for i := range s.Events[1:] {
			Expect(s.Events[i].Packet).To(BeNumerically("<=", s.Events[i+1].Packet))
			Expect(s.Events[i].At).To(BeNumerically("<=", s.Events[i+1].At))
		}
		Expect(strings.Join(t.events(), " ")).To(ContainSubstring("60 client: ClientHello"))
		Expect(t.read().Events).To(BeEmpty())
	})
})
