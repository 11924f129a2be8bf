"""The model's own template renders as the tokenizer's `apply_chat_template` does, for templates of several families."""

# ruff: noqa: E501 - a template that is cut into short lines can't be read

from __future__ import annotations

from typing import Any

import pytest

from engine.protocol import Prompt, Turn
from engine.templates import render
from tests.engine.templates.builders import model, own, talk

pytestmark = pytest.mark.torch

FAMILIES = {
    "ChatML with a default system message": (
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
        "{{ '<|im_start|>system\nYou are a helpful AI assistant.<|im_end|>\n' }}{% endif %}"
        "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "Llama 2": (
        "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
        "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
        "{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
        "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
        "{% if loop.index0 == 0 and system_message != false %}"
        "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
        "{% else %}{% set content = message['content'] %}{% endif %}"
        "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
        "{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}\n"
    ),
    "Llama 3": (
        "{{- bos_token }}\n{%- if not date_string is defined %}\n    {%- set date_string = '26 Jul 2024' %}\n{%- endif %}\n"
        "{%- if messages[0]['role'] == 'system' %}\n    {%- set system_message = messages[0]['content']|trim %}\n"
        "    {%- set messages = messages[1:] %}\n{%- else %}\n    {%- set system_message = '' %}\n{%- endif %}\n"
        "{{- '<|start_header_id|>system<|end_header_id|>\n\n' }}\n{%- if tools is not none %}\n"
        "    {{- 'Environment: ipython\n' }}\n{%- endif %}\n{{- 'Today Date: ' + date_string + '\n\n' }}\n"
        "{{- system_message }}\n{{- '<|eot_id|>' }}\n{%- for message in messages %}\n"
        "    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}\n"
        "        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}\n"
        "    {%- elif 'tool_calls' in message %}\n        {{- message.tool_calls | tojson }}\n    {%- endif %}\n"
        "{%- endfor %}\n{%- if add_generation_prompt %}\n"
        "    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}\n{%- endif %}\n"
    ),
    "Zephyr": (
        "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n"
        "{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n"
        "{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n"
        "{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"
    ),
    "Gemma": (
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] + '\n\n' %}"
        "{% set messages = messages[1:] %}{% else %}{% set first = '' %}{% endif %}{% for message in messages %}"
        "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}"
        "{{ '<start_of_turn>' + role + '\n' + (first if loop.first else '') + message['content'] | trim + '<end_of_turn>\n' }}"
        "{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
    ),
    "Qwen 3": (
        "{%- if tools %}\n    {{- '# Tools' }}\n{%- else %}\n    {%- if messages[0].role == 'system' %}\n"
        "        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}\n    {%- endif %}\n{%- endif %}\n"
        "{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}\n"
        "{%- for message in messages[::-1] %}\n    {%- set index = (messages|length - 1) - loop.index0 %}\n"
        "    {%- if ns.multi_step_tool and message.role == \"user\" and message.content is string and not"
        "(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}\n"
        "        {%- set ns.multi_step_tool = false %}\n        {%- set ns.last_query_index = index %}\n    {%- endif %}\n"
        "{%- endfor %}\n{%- for message in messages %}\n    {%- if message.content is string %}\n"
        "        {%- set content = message.content %}\n    {%- else %}\n        {%- set content = '' %}\n    {%- endif %}\n"
        '    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}\n'
        "        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}\n"
        '    {%- elif message.role == "assistant" %}\n        {%- set reasoning_content = \'\' %}\n'
        "        {%- if '</think>' in content %}\n"
        "            {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}\n"
        "            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}\n        {%- endif %}\n"
        "        {%- if loop.index0 > ns.last_query_index %}\n"
        "            {{- '<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' }}\n        {%- endif %}\n"
        "        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}\n    {%- endif %}\n{%- endfor %}\n"
        "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n"
        "    {%- if enable_thinking is defined and enable_thinking is false %}\n        {{- '<think>\\n\\n</think>\\n\\n' }}\n"
        "    {%- endif %}\n{%- endif %}"
    ),
    "Mistral with blocks of content": (
        "{%- set ns = namespace(index=0) %}{{- bos_token }}{% for message in messages %}{% if message.role == 'system' %}"
        "[SYSTEM_PROMPT]{{ message.content }}[/SYSTEM_PROMPT]{% continue %}{% endif %}"
        "{%- if message.content is iterable and message.content is not string %}{% for block in message.content %}"
        "{{ block.text }}{% endfor %}{% elif message.role == 'user' %}{{- '[INST]' ~ message['content'] ~ '[/INST]' }}"
        "{%- else %}{{ message['content'] ~ eos_token }}{% endif %}{% set ns.index = ns.index + 1 %}{% endfor %}\n\n"
    ),
    "one that prints JSON and the rest": (
        "{% for message in messages recursive %}{{ message | tojson }} {{ message | tojson(indent=2) }}\n"
        "{{ loop.index }}/{{ loop.length }}{{ loop.cycle('a', 'b') }}{{ loop.previtem is defined }}\n{% endfor %}"
        "{% macro role(m) -%}  {{ m.role | upper }} {% endmacro %}{{ messages | map(attribute='role') | join(', ') }}"
        "{{ role(messages[0]) }}{{ missing }}{{ missing | default('none') }}{{ unk_token is defined }}{{ bos_token is defined }}"
        "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ {'a': [1, (2, 3)]} }}{{ dict(a=1) }}"
        "{{ messages[-1:][0]['content'][::-1] }}{{ '%5.1f|%s' % (1.25, 'x') }}{{ '{:>4}'.format(7) }}{{ none }}{{ true }}"
        "{% generation %}{{ 7 // 2 }}{{ 2 ** 5 }}{{ 1 ~ 'a' ~ none }}{% endgeneration %}{{ '<&>' | e }}\n"
    ),
}  # fmt: skip

CONVERSATIONS = {
    "one turn": talk("Hello"),
    "several turns": talk(" What is 2 + 2? ", "4", "And 3 + 3?\n"),
    "with a system turn": talk("Hello", "Hi!", 'Say "naïve 😀" <b>', system=" Be brief. "),
}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE(vocab={"a": 0, "<s>": 1, "</s>": 2}, merges=[]))
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>")


@pytest.mark.parametrize("turns", CONVERSATIONS.values(), ids=CONVERSATIONS.keys())
@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_own_equals_apply_chat_template(tokenizer: Any, family: str, turns: tuple[Turn, ...]) -> None:
    messages = [{"role": turn.role, "content": turn.text} for turn in turns]
    expected = tokenizer.apply_chat_template(messages, chat_template=family, tokenize=False, add_generation_prompt=True)
    assert render(Prompt(template=own(), turns=turns), model(family)) == expected
