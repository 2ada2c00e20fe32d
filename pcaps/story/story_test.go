package story_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/story"
	"rehearse/proxy/wire/msturn"
	"rehearse/proxy/wire/pseudotls"
)

// lines are a summary's stories, one a flow.
func lines(s *story.Summary) []string {
	var out []string
	for _, f := range s.Flows {
		out = append(out, fmt.Sprintf("%s: %s", f.Protocol, f.Story))
	}
	return out
}

func record(kind byte, body ...byte) []byte {
	b := []byte{kind, 3, 3}
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	return append(b, body...)
}

// hello is a ClientHello for a.test without anything more.
func hello() []byte {
	name := "\x00\x00\x00\x0b\x00\x09\x00\x00\x06a.test"
	body := "\x03\x03" + strings.Repeat("r", 32) + "\x00" + "\x00\x02\xc0\x2f" + "\x01\x00" + "\x00\x0f" + name
	return record(22, append([]byte{1, 0, 0, byte(len(body))}, body...)...)
}

// chosen is a ServerHello of TLS 1.2.
func chosen() []byte {
	body := "\x03\x03" + strings.Repeat("s", 32) + "\x00" + "\xc0\x2f" + "\x00"
	return record(22, append([]byte{2, 0, 0, byte(len(body))}, body...)...)
}

var _ = Describe("TLS", func() {
	It("that the client refuses with an alert is told with the last message", func() {
		t := newTape()
		t.connect(1, 443).say(client, hello()).say(server, chosen()).say(client, record(21, 2, 48)).end(client)
		s := t.read()
		Expect(lines(s)).To(Equal([]string{"tls: TLS 1.2 a.test; client sent fatal alert unknown_ca (48), " +
			"handshake not completed, last message server hello of the server; FIN by client"}))
		Expect(*s.TLS[0].Abort).To(Equal("client_alert_after_server_hello"))
		Expect(s.TLS[0].Alerts[0].Frame).To(Equal(5))
	})
	It("is told from one side, and behind a loss", func() {
		t := newTape()
		t.connect(1, 8443).say(client, hello()).lose(server, 4000).say(server, record(20, 1)).say(client, record(20, 1)).say(server, record(23, 1, 2, 3))
		s := t.read()
		Expect(s.TLS[0].HandshakeDone).To(BeTrue())
		Expect(s.TLS[0].Version).To(BeNil())
		Expect(s.Flows[0].LostS2C).To(BeEquivalentTo(4000))
	})
	It("keeps its way through a loss inside a record", func() {
		t := newTape()
		long := record(23, make([]byte, 3000)...)
		t.connect(1, 443).say(client, hello()).say(server, chosen()).say(server, long[:1460]).lose(server, 1460).say(server, long[2920:]).
			say(server, record(21, 1, 0))
		Expect(t.read().TLS[0].Alerts).To(HaveLen(1))
	})
	It("inside a tunnel that a proxy opened is told behind the CONNECT", func() {
		t := newTape()
		t.connect(1, 8080).say(client, []byte("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n")).
			say(server, []byte("HTTP/1.1 200 Connection established\r\n\r\n")).say(client, hello()).say(server, chosen())
		s := t.read()
		Expect(s.Flows[0].Protocol).To(Equal("http+tls"))
		Expect(s.HTTP.ConnectTargets).To(Equal([]string{"a.test:443"}))
		Expect(*s.TLS[0].SNI).To(Equal("a.test"))
	})
	It("does not begin where a proxy refuses the CONNECT", func() {
		t := newTape()
		t.connect(1, 8080).say(client, []byte("CONNECT a.test:443 HTTP/1.1\r\n\r\n")).
			say(server, []byte("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")).end(server)
		Expect(lines(t.read())).To(Equal([]string{"http: CONNECT a.test:443: 403 Forbidden; FIN by server"}))
	})
	It("that is answered in plain HTTP says so", func() {
		t := newTape()
		t.connect(1, 443).say(client, hello()).say(server, []byte("HTTP/1.1 503 Service Unavailable\r\n\r\n")).end(server)
		Expect(t.read().Flows[0].Story).To(ContainSubstring("answered in plain HTTP/1.1 503 Service Unavailable"))
	})
	It("behind another protocol is found", func() {
		t := newTape()
		t.connect(1, 25).say(server, []byte("220 mail\r\n")).say(client, []byte("STARTTLS\r\n")).say(server, []byte("220 go\r\n")).say(client, hello())
		Expect(*t.read().TLS[0].SNI).To(Equal("a.test"))
	})
	It("cut into segments of one byte is the same", func() {
		t := newTape()
		c := t.connect(1, 443)
		for _, b := range hello() {
			c.say(client, []byte{b})
		}
		for _, b := range append(chosen(), record(21, 2, 40)...) {
			c.say(server, []byte{b})
		}
		s := t.read()
		Expect(*s.TLS[0].SNI).To(Equal("a.test"))
		Expect(*s.TLS[0].Abort).To(Equal("server_alert_after_server_hello"))
	})
})

var _ = Describe("HTTP", func() {
	It("is told by exchanges, chunks and bodies passed over", func() {
		t := newTape()
		t.connect(1, 80).say(client, []byte("GET /a HTTP/1.1\r\nHost: w.test\r\n\r\n")).
			say(server, []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nGET \r\n0\r\nX: y\r\n\r\n")).
			say(client, []byte("HEAD /b HTTP/1.1\r\nHost: w.test\r\n\r\nGET http://x.test/c HTTP/1.1\r\n\r\n")).
			say(server, []byte("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n"))
		s := t.read()
		Expect(lines(s)).To(Equal([]string{"http: GET w.test/a: 200 OK; HEAD w.test/b: 200 OK; GET x.test/c: 304 Not Modified"}))
		Expect(s.HTTP.Counts).To(Equal(map[string]int{"GET": 2, "HEAD": 1, "resp 200": 2, "resp 304": 1}))
	})
	It("loses no more than what was lost", func() {
		t := newTape()
		t.connect(1, 80).say(client, []byte("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")).
			say(server, []byte("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")).lose(server, 4990).say(server, []byte("0123456789HTTP/1.1 404 Not Found\r\n\r\n"))
		Expect(lines(t.read())).To(HaveExactElements(ContainSubstring("GET /a: 200 OK; GET /b: 404 Not Found")))
	})
	It("fetches a CRL that turns out to be a page", func() {
		t := newTape()
		t.connect(1, 80).say(client, []byte("GET /ca.crl HTTP/1.1\r\nHost: pki.test\r\n\r\n")).
			say(server, []byte("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: text/html\r\n\r\n<html>"))
		s := t.read()
		Expect(s.CRL.URIs).To(Equal([]string{"pki.test/ca.crl"}))
		Expect(s.CRL.Answers[0].Problem).To(Equal("CRL: not a CertificateList"))
		Expect(lines(s)).To(Equal([]string{"http: GET pki.test/ca.crl: 200 OK (CRL: not a CertificateList)"}))
	})
	It("asks OCSP by GET and by POST", func() {
		request := "MEIwQDA+MDwwOjAJBgUrDgMCGgUABBTw8fLz9PX29/j5+vv8/f7/AAAAAAQUAAECAwQFBgcICQoLDA0ODxAREhMCAQE="
		t := newTape()
		t.connect(1, 80).say(client, []byte("GET /ocsp/"+strings.ReplaceAll(request, "/", "%2F")+" HTTP/1.1\r\nHost: pki.test\r\n\r\n")).
			say(server, []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: application/ocsp-response\r\n\r\n\x30\x03\x0a\x01\x06")).
			say(client, []byte("POST / HTTP/1.1\r\nContent-Type: application/ocsp-request\r\nContent-Length: 3\r\n\r\nabc"))
		s := t.read()
		Expect(s.OCSP.RequestsGET).To(Equal(1))
		Expect(s.OCSP.RequestsPOST).To(Equal(1))
		Expect(s.OCSP.Responses).To(Equal([]story.OCSPResponse{{Frame: 4, Stream: 0, Status: "unauthorized", CertStatus: []string{}}}))
	})
})

var _ = Describe("SIP", func() {
	It("over TCP is told message by message, with what Microsoft's servers add", func() {
		t := newTape()
		t.connect(1, 5060).say(client, []byte("REGISTER sip:a.test SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 4\r\n\r\nbody\r\n\r\n")).
			say(server, []byte("SIP/2.0 403 Forbidden\r\ni: 1\r\nms-diagnostics: 4004;reason=\"x\"\r\nl: 0\r\n\r\n")).say(client, []byte("BYE sip:b SIP/2.0\r\n\r\n"))
		s := t.read()
		Expect(lines(s)).To(Equal([]string{`sip: REGISTER, 403 Forbidden (ms-diagnostics 4004;reason="x"), BYE`}))
		Expect(s.SIP.Methods).To(Equal(map[string]int{"REGISTER": 1, "BYE": 1}))
		Expect(s.SIP.Calls).To(Equal(1))
	})
})

var _ = Describe("MS-TURN", func() {
	allocate := func() *msturn.Message { return &msturn.Message{Type: msturn.AllocateRequest} }
	It("behind pseudo-TLS is told", func() {
		t := newTape()
		refusal := &msturn.Message{Type: msturn.AllocateError, Attributes: []msturn.Attribute{msturn.Failure(401)}}
		t.connect(1, 443).say(client, pseudotls.ClientHello([32]byte{1, 2, 3, 4})).say(server, pseudotls.ServerHello([32]byte{5}, [32]byte{})).
			say(client, msturn.AppendMessage(nil, allocate())).say(server, msturn.AppendMessage(nil, refusal))
		s := t.read()
		Expect(s.TLS).To(BeEmpty())
		Expect(s.PseudoTLS).To(Equal([]story.PseudoTLS{
			{Frame: 3, DstPort: 443, Kind: "MS-TURN client", RandomHead: "01020304"},
			{Frame: 4, DstPort: 40001, Kind: "MS-TURN server", RandomHead: "05000000"},
		}))
		Expect(s.STUN.MSTURN).To(Equal(2))
		Expect(s.STUN.ErrorCodes).To(Equal(map[string]int{"401": 1}))
		Expect(s.Flows[0].Story).To(HavePrefix("pseudo-TLS hellos; MS-TURN Allocate request, MS-TURN Allocate error response, error 401"))
	})
	It("over UDP is told beside STUN", func() {
		t := newTape()
		t.udp(1, 3478, allocate().Bytes())
		binding, err := hex.DecodeString("000100002112a442000102030405060708090a0b")
		Expect(err).NotTo(HaveOccurred())
		t.udp(1, 3478, binding)
		Expect(lines(t.read())).To(Equal([]string{"stun: MS-TURN Allocate request, Binding request"}))
	})
})

var _ = Describe("UDP", func() {
	It("tells look-ups, and calls servers by their names", func() {
		t := newTape()
		t.udp(1, 53, query())
		t.datagram(1, server, 53, append(append([]byte{0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}, query()[12:]...), 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1))
		t.udp(2, 53, query())
		s := t.read()
		Expect(lines(s)).To(Equal([]string{"dns: A test: 192.0.2.1", "dns: A test: no answer"}))
		Expect(s.Flows[1].ServerName).To(Equal("test"))
	})
	It("tells RTP and what was lost of it", func() {
		t := newTape()
		for _, n := range []int{1, 2, 3, 7} {
			t.udp(1, 5000, rtp(n))
		}
		Expect(lines(t.read())).To(Equal([]string{"rtp: RTP: client 4 packets, 3 lost, server none"}))
	})
})
