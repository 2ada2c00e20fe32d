package tlshello

import (
	"fmt"

	"rehearse/proxy/wire"
)

// Certificates gives the certificates of a message of TypeCertificate as DER, leaf
// first, in the form of TLS 1.2 and older (RFC 5246 7.4.2); in TLS 1.3 they are
// encrypted. An empty list is a client without a certificate.
func (m Message) Certificates() ([][]byte, error) {
	if err := m.is(TypeCertificate, "Certificate"); err != nil {
		return nil, err
	}
	r := &reader{message: "Certificate", at: handshakeHeader, rest: m.Body}
	list := r.vector("certificates", 3)
	r.join(list)
	r.end("certificates")
	var chain [][]byte
	for list.more() {
		in := list.vector("certificate", 3)
		list.join(in)
		chain = append(chain, in.rest)
	}
	if r.err != nil {
		return nil, r.err
	}
	return chain, list.err
}

// Staple gives the OCSP answer in a message of TypeCertificateStatus as DER
// (RFC 6066 8).
func (m Message) Staple() ([]byte, error) {
	if err := m.is(TypeCertificateStatus, "CertificateStatus"); err != nil {
		return nil, err
	}
	r := &reader{message: "CertificateStatus", at: handshakeHeader, rest: m.Body}
	if kind := r.u8("status type"); kind != 1 {
		r.fail("status type", fmt.Sprint(kind), "1, OCSP")
	}
	answer := r.vector("OCSP answer", 3)
	r.join(answer)
	r.end("OCSP answer")
	return answer.rest, r.err
}

// is demands that m is a handshake message of that type.
func (m Message) is(want HandshakeType, name string) error {
	if m.Content == HandshakeRecord && m.Type == want {
		return nil
	}
	return &wire.Error{Message: name, Field: "type", Offset: 0,
		Got: fmt.Sprintf("%d in a record of type %d", m.Type, m.Content), Want: fmt.Sprintf("%d in a record of type %d", want, HandshakeRecord)}
}
