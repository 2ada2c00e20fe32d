package revocation

import (
	"crypto"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"
)

// maxGetURL is the longest URL that RFC 5019 5 wants sent by GET, in bytes.
const maxGetURL = 255

func oidNonce() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2} }

// encodeRequest is the DER OCSPRequest for a question, with its nonce.
func encodeRequest(q Question, hash crypto.Hash) ([]byte, error) {
	if hash == 0 {
		hash = crypto.SHA1
	}
	der, err := ocsp.CreateRequest(q.Certificate, q.Issuer, &ocsp.RequestOptions{Hash: hash})
	if err != nil || len(q.Nonce) == 0 {
		return der, err
	}
	return addNonce(der, q.Nonce)
}

// addNonce puts a nonce (RFC 9654) into a request that has no extensions.
func addNonce(der, nonce []byte) ([]byte, error) {
	var tbs cryptobyte.String
	request := cryptobyte.String(der)
	if !request.ReadASN1(&request, cbasn1.SEQUENCE) || !request.ReadASN1(&tbs, cbasn1.SEQUENCE) {
		return nil, errors.New("OCSP request is no SEQUENCE of SEQUENCE")
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(tbs)
			b.AddASN1(constructed(2), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addNonceExtension(b, nonce) })
			})
		})
	})
	return b.Bytes()
}

func addNonceExtension(b *cryptobyte.Builder, nonce []byte) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidNonce())
		b.AddASN1(cbasn1.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nonce) })
	})
}

// carry says how a request travels to the responder at base.
func (m Method) carry(base string, request []byte) (method, target string, body []byte) {
	target = strings.TrimSuffix(base, "/") + "/" + url.QueryEscape(base64.StdEncoding.EncodeToString(request))
	if m == AlwaysPost || len(target) > maxGetURL {
		return http.MethodPost, base, request
	}
	return http.MethodGet, target, nil
}
