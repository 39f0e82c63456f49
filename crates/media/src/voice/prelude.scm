; Speaks sentences of plain words and tells when each word and pause is. `VOICE` is replaced.
(VOICE)

; Words come spelled out already: a capital is the name of a letter, the rest is looked up or
; pronounced by rule, and nothing is taken for a number or an abbreviation.
(define (yt_words token name)
  (cond
   ((string-matches name "[A-Z]")
    (list (list (list 'name (downcase name)) (list 'pos 'nn))))
   ((string-matches name "[A-Z]'s")
    (list (list (list 'name (downcase (substring name 0 1))) (list 'pos 'nn)) "'s"))
   ((string-matches name ".*'.*") (english_token_to_words token name))
   (t (list name))))
(set! token_to_words yt_words)

; Phrases end where punctuation says so, and nowhere else.
(Parameter.set 'Phrase_Method 'cart_tree)
(set! phrase_cart_tree simple_phrase_cart_tree)

; A little slower than the engine's reading speed of 200 words a minute.
(if (string-equal (Parameter.get 'Synth_Method) "HTS")
    (set! hts_engine_params (append hts_engine_params '(("-r" 0.92))))
    (Parameter.set 'Duration_Stretch 1.08))

(define (yt_word w)
  (format t "W %s %s\n" (item.feat w "word_start") (item.feat w "word_end")))

(define (yt_tokens token)
  (if token
      (begin
       (format t "T\n")
       (mapcar yt_word (item.daughters token))
       (yt_tokens (item.next token)))))

(define (yt_pause s)
  (if (string-equal (item.name s) "pau")
      (format t "P %s %s\n" (item.feat s "segment_start") (item.feat s "segment_end"))))

(define (yt_say file text)
  (let ((utt (utt.synth (eval (list 'Utterance 'Text text)))))
    (utt.save.wave utt file 'riff)
    (yt_tokens (utt.relation.first utt 'Token))
    (mapcar yt_pause (utt.relation.items utt 'Segment))
    (format t "E %s\n" file)
    t))
