package tlshello

import (
	"encoding/binary"
	"fmt"

	"rehearse/proxy/wire"
)

// parseSSLv2 reads a ClientHello in the form of SSL 2.0, which clients used so
// that servers of either kind understood them (RFC 5246 E.2). Its offsets count
// from the start of the record. Cipher specs that only SSL 2.0 has are left out.
func parseSSLv2(stream []byte) (*ClientHello, error) {
	const name = "ClientHello in SSL 2.0 form"
	if len(stream) > 2 && stream[2] != byte(TypeClientHello) {
		return nil, &wire.Error{Message: name, Field: "message type", Offset: 2, Got: fmt.Sprint(stream[2]), Want: "1"}
	}
	size := 2
	if len(stream) >= size {
		size += int(binary.BigEndian.Uint16(stream) & 0x7fff)
	}
	if len(stream) < size {
		return nil, &wire.Error{Message: name, Field: "record", Offset: len(stream),
			Got: wire.Bytes(len(stream)), Want: wire.Bytes(size), Short: true}
	}
	r := &reader{message: name, at: 2, rest: stream[2:size]}
	r.u8("message type")
	h := &ClientHello{Version: r.u16("version"), SSLv2: true}
	h.Versions = []uint16{h.Version}
	specs, id, challenge := int(r.u16("cipher specs length")), int(r.u16("session id length")), int(r.u16("challenge length"))
	if challenge < 16 || challenge > len(h.Random) {
		r.fail("challenge length", fmt.Sprint(challenge), "16 to 32")
	}
	h.CipherSuites = cipherSpecs(r, r.bytes("cipher specs", specs))
	h.SessionID = r.bytes("session id", id)
	copy(h.Random[len(h.Random)-min(challenge, len(h.Random)):], r.bytes("challenge", challenge))
	r.end("record")
	if r.err != nil {
		return nil, r.err
	}
	return h, nil
}

// cipherSpecs gives the suites among cipher specs of three bytes each: those that
// begin with a zero.
func cipherSpecs(r *reader, specs []byte) []uint16 {
	if len(specs)%3 != 0 {
		r.fail("cipher specs length", fmt.Sprint(len(specs)), "a multiple of 3")
		return nil
	}
	var suites []uint16
	for ; len(specs) > 0; specs = specs[3:] {
		if specs[0] == 0 {
			suites = append(suites, binary.BigEndian.Uint16(specs[1:]))
		}
	}
	return suites
}
