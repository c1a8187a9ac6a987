"""The operator's pages, under /dashboard/. One module of views for each subject."""

from django.urls import path, re_path

from dashboard import attacks_views, fairness_views, knowledge_views, people, policy_views

app_name = "dashboard"
urlpatterns = [
    path("", people.overview, name="overview"),
    path("people/", people.people, name="people"),
    path("attacks/", attacks_views.attacks, name="attacks"),
    path("attacks/decide/", attacks_views.decide_attacks, name="attacks-decide"),
    path("attacks/look/", attacks_views.look_now, name="attacks-look"),
    path("fairness/", fairness_views.fairness, name="fairness"),
    path("fairness/measure/", fairness_views.measure_now, name="fairness-measure"),
    re_path(
        r"^fairness/(?P<pk>[0-9]{1,18})\.(?P<extension>csv|json)$",
        fairness_views.export,
        name="fairness-export",
    ),
    path("policy/", policy_views.policy, name="policy"),
    path("policy/switch/", policy_views.switch, name="policy-switch"),
    path("knowledge/", knowledge_views.sources, name="knowledge"),
    path("knowledge/add/", knowledge_views.add, name="knowledge-add"),
    path("knowledge/upload/", knowledge_views.upload, name="knowledge-upload"),
    path("knowledge/<int:pk>/", knowledge_views.source_page, name="knowledge-source"),
    path("knowledge/<int:pk>/change/", knowledge_views.change, name="knowledge-change"),
    path("knowledge/<int:pk>/switch/", knowledge_views.switch, name="knowledge-switch"),
    path("knowledge/<int:pk>/read/", knowledge_views.read_now, name="knowledge-read"),
    path("knowledge/<int:pk>/delete/", knowledge_views.delete, name="knowledge-delete"),
    path("knowledge/documents/<int:pk>/expire/", knowledge_views.expire, name="knowledge-expire"),
    path("knowledge/documents/<int:pk>/terms/", knowledge_views.explain, name="knowledge-explain"),
    path("knowledge/passages/<int:pk>/judge/", knowledge_views.judge, name="knowledge-judge"),
]
